import { setTimeout as delay } from 'node:timers/promises';
import { AGENT_ID } from '../../domain/agent.js';
import { processId } from '../../domain/sandbox.js';
import type { Log } from '../../ports/runtime.js';
import type { Scan, Scanner, Sighting } from '../../ports/scanner.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import type { Noted } from './memory.js';
import { countUnread, type HostProcess, type ProcessTable, type Snapshot } from './table.js';

/** Longest pause before one more look, in milliseconds; the pauses add up to less than twice as much. */
const LONGEST_PAUSE = 32;

/**
 * Sees the processes that carry the variable; a value that is not an agent ID is no label, and what merely
 * inherited the variable is not seen. All of one agent started
 * when the oldest of them did: a child that is born later is no later start of the agent.
 *
 * Reports no process as it starts: the kernel only notifies listeners of its connector (netlink), which Node cannot
 * be. Callers have to scan now and then.
 */
export function createScanner(
  table: ProcessTable,
  log: Log,
  note: (snapshot: Snapshot) => Pick<Noted, 'isBystander'> = () => ({ isBystander: () => false }),
): Scanner {
  let last: readonly Sighting[] = [];
  return {
    async scan() {
      try {
        const snapshot = await look(table);
        last = sightingsIn(snapshot, table.startTimes(), note(snapshot));
        const unread = countUnread(snapshot);
        const blind = table.concealed();
        return omitUndefined<Scan>({ seen: last, blind, unread: unread > 0 ? unread : undefined });
      } catch (err) {
        log.error({ err }, 'the process table cannot be read');
        return { seen: last, blind: 'the process table cannot be read' };
      }
    },
    watch: () => () => undefined,
  };
}

/** Scans again for a moment while a process is in the middle of an exec, or ended before it was read: it may be an agent's. */
async function look(table: ProcessTable): Promise<Snapshot> {
  let snapshot = await table.snapshot('all');
  for (let pause = 1; isUnclear(snapshot) && pause <= LONGEST_PAUSE; pause *= 2) {
    await delay(pause);
    snapshot = await table.snapshot(new Set());
  }
  return snapshot;
}

const isUnclear = ({ all, settled }: Snapshot): boolean =>
  !settled || all.some(({ environment }) => environment === 'nascent');

function sightingsIn(
  { all }: Snapshot,
  startedAt: (process: HostProcess) => number | undefined,
  { isBystander }: Pick<Noted, 'isBystander'>,
): Sighting[] {
  const seen: Omit<Sighting, 'startedAt'>[] = [];
  const since = new Map<string, number>();
  for (const process of all) {
    if (process.state === 'dead' || process.kernel) continue;
    for (const agentId of process.labels.filter(label => AGENT_ID.test(label))) {
      if (isBystander(process, agentId)) continue;
      seen.push({ agentId, kind: 'process', id: processId(process) });
      const at = startedAt(process);
      if (at !== undefined) since.set(agentId, Math.min(at, since.get(agentId) ?? at));
    }
  }
  return seen.map(sighting =>
    omitUndefined<Sighting>({ ...sighting, startedAt: since.get(sighting.agentId) }),
  );
}
