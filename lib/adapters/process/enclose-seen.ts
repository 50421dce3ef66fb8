import type { Enclosures } from '../../ports/enclosure.js';
import type { Log } from '../../ports/runtime.js';
import type { Target } from '../../ports/sandbox.js';
import type { Cages } from './cages.js';
import { type HostProcess, identity, isOlder } from './table.js';

/** Milliseconds. */
const TIDY_EVERY = 30_000;

export interface EncloseParts {
  readonly enclosures: Enclosures;
  readonly cagesOf: (target: Target) => Cages;
  readonly log: Log;
}

/**
 * Gives each agent that is seen a cgroup of its own at first sight, before its tools leave anything behind, unless it has
 * founded one; and removes those of agents that have ended. Tried once for each start of an agent. Never rejects.
 */
export function createEncloser({ enclosures, cagesOf, log }: EncloseParts) {
  const tried = new Set<string>();
  let empty: ReadonlySet<string> = new Set();
  let tidiedAt = Number.NEGATIVE_INFINITY;
  let work: Promise<void> = Promise.resolve();

  async function enclose(agentId: string, carriers: readonly HostProcess[]): Promise<void> {
    const cages = cagesOf({ agentId, operationId: '' });
    try {
      cages.take(carriers);
      const inside = new Set(cages.members());
      const outside = carriers.filter(({ pid }) => !inside.has(pid));
      if (outside.length === 0) return;
      const enclosing = await enclosures.enclose(agentId, outside);
      if (enclosing.enclosed) log.info({ agentId, ...enclosing }, 'an agent was given a cgroup of its own');
      else log.warn({ agentId, why: enclosing.why }, 'an agent has no cgroup of its own');
    } catch (err) {
      log.error({ err, agentId }, 'an agent could not be given a cgroup of its own');
    } finally {
      cages.release();
    }
  }

  /** Only what was empty in the look before too: one that was just made has nothing in it yet. */
  function clearUp(): void {
    const now = enclosures.agentIds().filter(agentId => enclosures.find(agentId)?.isEmpty());
    for (const agentId of now) if (empty.has(agentId)) enclosures.find(agentId)?.remove();
    empty = new Set(now);
    if (performance.now() - tidiedAt < TIDY_EVERY) return;
    enclosures.tidy();
    tidiedAt = performance.now();
  }

  return {
    /** @param carriersOf what carries the ID of each agent, by a look at all processes */
    see(carriersOf: ReadonlyMap<string, readonly HostProcess[]>): void {
      const starts = new Set<string>();
      for (const [agentId, carriers] of carriersOf) {
        const [eldest] = carriers.toSorted((one, other) => (isOlder(one, other) ? -1 : 1));
        if (eldest === undefined) continue;
        const start = `${agentId} ${identity(eldest)}`;
        starts.add(start);
        if (tried.has(start)) continue;
        tried.add(start);
        work = work.then(() => enclose(agentId, carriers));
      }
      for (const start of tried) if (!starts.has(start)) tried.delete(start);
      clearUp();
    },
    /** Resolves when no agent is being moved any more, and what nothing runs in is removed. */
    async close(): Promise<void> {
      await work;
      enclosures.tidy({ all: true });
    },
  };
}
