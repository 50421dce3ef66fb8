import type { Core } from '../ports/core.js';
import type { Enclosures } from '../ports/enclosure.js';
import type { Scan, Scanner, ScanOptions, Sighting } from '../ports/scanner.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { adoptFinding } from './adopt-found.js';
import { encloseFound } from './enclose-found.js';
import type { Finding } from './finding.js';
import { createNaming, type Named } from './naming.js';
import type { HostLook } from './scan.js';

export interface FoundScannerParts {
  /** Looks at this host. */
  readonly look: () => Promise<HostLook>;
  /** Names of the detectors whose findings become agents by themselves. */
  readonly wanted: ReadonlySet<string>;
  readonly enclosures?: Enclosures;
}

/** A routine look is put off so that all of them together take at most one part in so many of a processor. */
const SHARE = 20;

/**
 * Sees the agents of this host that carry no ID: those that detectors find, and that have a record, or get one because
 * their detector is wanted. At first sight each gets a cgroup of its own. Killed ones that run again are seen too.
 * Findings that carry an ID are seen by that, and by other scanners.
 */
export function createFoundScanner(core: Core, { look, wanted, enclosures }: FoundScannerParts): Scanner {
  const naming = createNaming(core);
  let enclosed: ReadonlySet<string> = new Set();
  let last: readonly Sighting[] = [];
  let restsUntil = Number.NEGATIVE_INFINITY;

  /** The agent that a finding is now; `undefined`: none. */
  async function agentOf({ finding, state }: Named, isUncertain: boolean): Promise<Finding | undefined> {
    if (state === 'active' || state === 'killed') return finding;
    if (!wanted.has(finding.detector) || isUncertain) return undefined;
    try {
      const { outcome } = await adoptFinding(core, finding);
      return outcome === 'refused' ? undefined : finding;
    } catch (err) {
      core.log.error({ err, agentId: finding.agentId }, 'an agent that was found has no record yet');
      return finding;
    }
  }

  async function scanNow(): Promise<void> {
    const { scan, membersOf, isUncertain } = await look();
    const named = await naming.name(scan.findings.filter(({ adopted }) => !adopted));
    const found = await Promise.all(named.map(one => agentOf(one, isUncertain(one.finding))));
    const agents = found.filter(one => one !== undefined);
    for (const finding of agents) {
      if (enclosures === undefined || enclosed.has(finding.id) || finding.kind !== 'process') continue;
      await encloseFound(core, enclosures, finding.agentId, membersOf(finding));
    }
    enclosed = new Set(agents.map(({ id }) => id));
    last = agents.map(({ agentId, kind, id, detector, startedAt }) =>
      omitUndefined<Sighting>({
        ...{ agentId, kind, id, detector },
        startedAt: startedAt === undefined ? undefined : Date.parse(startedAt),
      }),
    );
  }

  return {
    async scan({ routine = false }: ScanOptions = {}): Promise<Scan> {
      const since = core.clock.monotonic();
      // Where none is adopted by itself, an order finds all that are agents by their records.
      if (routine ? since < restsUntil : wanted.size === 0) return { seen: last };
      try {
        await scanNow();
        const now = core.clock.monotonic();
        restsUntil = now + (now - since) * SHARE;
        return { seen: last };
      } catch (err) {
        core.log.error({ err }, 'agents without an ID cannot be looked for');
        return { seen: last, blind: 'agents without an ID cannot be looked for' };
      }
    },
    watch: () => () => undefined,
  };
}
