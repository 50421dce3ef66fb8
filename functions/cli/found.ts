import { createInterface } from 'node:readline/promises';
import { adoptFinding, recordOf } from '../../lib/discovery/adopt-found.js';
import type { Finding } from '../../lib/discovery/finding.js';
import { findingAt } from '../../lib/discovery/finding-at.js';
import { createNaming } from '../../lib/discovery/naming.js';
import { scanHost } from '../../lib/discovery/scan.js';
import { isStoreDown } from '../../lib/domain/errors.js';
import type { Core } from '../../lib/ports/core.js';
import { print, UsageError, warn } from './output.js';
import { scanTable, unseenIn } from './scan-table.js';

/** Which findings are meant. */
export interface Wanted {
  readonly agent?: readonly string[];
  readonly detector?: string;
}

async function sources() {
  const [{ environment, openScan }, { readConfig }] = await Promise.all([
    import('../node.js'),
    import('../server/read-environment.js'),
  ]);
  return openScan(readConfig(environment(), { dev: true }));
}

/** What runs on this host that looks like an agent. Says on standard error what could not be looked at. */
export async function lookForAgents({ agent, detector }: Wanted = {}): Promise<readonly Finding[]> {
  const scan = await scanHost(await sources());
  for (const line of unseenIn(scan)) warn(`killswitch: ${line}`);
  return scan.findings.filter(
    one => (agent?.includes(one.agentId) ?? true) && (detector ?? one.detector) === one.detector,
  );
}

/** The agent that a process of this host belongs to. @throws Error if it belongs to none that is known */
export async function agentAt(pid: number): Promise<Finding> {
  const host = await sources();
  const { findings } = await scanHost(host);
  const found = await findingAt(host, findings, pid);
  if (found) return found;
  throw new Error(
    `There is no agent ${pid}, and process ${pid} belongs to no agent that is known here: see "killswitch scan".`,
  );
}

/**
 * Shows what is about to be stopped and asks.
 * @throws UsageError without a terminal to ask on, unless `yes` says that it need not be asked
 */
export async function confirmFound(findings: readonly Finding[], yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw new UsageError('There is no terminal to ask on: add --yes to stop all of them.');
  print(scanTable(findings, false));
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const count = findings.length === 1 ? 'this agent' : `these ${findings.length} agents`;
  const answer = await asking.question(`Stop ${count}? [y/N] `);
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}

/**
 * Makes agents of findings, so that they can be stopped as all others are. While the store does not answer, they are only
 * remembered by this process.
 * @returns their IDs
 */
export async function adoptAll(core: Core, findings: readonly Finding[]): Promise<readonly string[]> {
  // One that has a record stays the agent of that record, whose cgroup is known.
  const named = await createNaming(core).name(findings);
  return Promise.all(
    named.map(async ({ finding }) => {
      try {
        const adoption = await adoptFinding(core, finding);
        if (adoption.outcome === 'refused') warn(`killswitch: ${finding.agentId}: ${adoption.why}`);
      } catch (error) {
        if (!isStoreDown(error)) throw error;
        core.recordCache.set(finding.agentId, recordOf(core, finding));
      }
      return finding.agentId;
    }),
  );
}
