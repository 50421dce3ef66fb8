import { readText, readThreads } from './files.js';
import { signalEach } from './signal.js';
import type { Stat } from './stat.js';
import { type HostProcess, type Identity, labelOf } from './table.js';

export interface Reader {
  readonly read: (pid: number) => HostProcess | undefined;
  readonly statOf: (pid: number) => Stat | undefined;
  readonly pathOf: (pid: number, file: string) => string;
}

/**
 * Stops the recorded process and its descendants at once, by the kernel's lists of children (`CONFIG_PROC_CHILDREN`;
 * without them it stops the first process alone). Each is stopped before its children are read, so that few are born
 * unseen. Our own process and our ancestors are left out. Only a head start: the look at all processes that follows
 * decides what belongs to the agent.
 */
export function freezeTree(
  { read, statOf, pathOf }: Reader,
  pid: number,
  startTime: string,
  agentId: string,
): readonly Identity[] {
  const root = pid > 1 ? read(pid) : undefined;
  if (root?.startTime !== startTime || root.kernel || !root.labels.includes(labelOf(agentId))) return [];
  const spared = lineOf(statOf);
  const frozen: Identity[] = [];
  const queue = [{ pid, parent: root.ppid }];
  for (const { pid, parent } of queue) {
    const stat = statOf(pid);
    if (stat?.ppid !== parent) continue;
    const process = { pid, startTime: stat.startTime };
    // Its identity was read this very moment.
    if (!spared.has(pid) && signalEach([process], 'SIGSTOP', () => true).sent > 0) frozen.push(process);
    queue.push(...childrenOf(pid, stat.threads).map(child => ({ pid: child, parent: pid })));
  }
  return frozen;

  function childrenOf(parent: number, threads: number): number[] {
    const all = threads > 1 ? readThreads(pathOf(parent, 'task')) : [parent];
    return all.flatMap(thread => {
      const list = readText(pathOf(parent, `task/${thread}/children`));
      return list?.match(/\d+/g)?.map(Number) ?? [];
    });
  }
}

/** Our own PID and those of our ancestors. */
function lineOf(statOf: Reader['statOf']): ReadonlySet<number> {
  const line = new Set<number>([0]);
  for (let pid = process.pid; !line.has(pid); pid = statOf(pid)?.ppid ?? 0) line.add(pid);
  return line;
}
