import { setTimeout as delay } from 'node:timers/promises';
import type { Kernel, Log, Target } from '../../ports.js';
import { type HostProcess, labelOf, type ProcessTable } from './table.js';

/** Milliseconds. */
const LONGEST_WAIT = 50;

export type CgroupState = ReturnType<Kernel['look']>;

/** The cgroup that the recorded process of an agent founded. */
export interface OwnCgroup {
  /** Kills all that is in it. Whether there was anybody to kill. */
  kill(): boolean;
  /** Kills until nobody is left in it or the deadline is over. Answers with how it was seen last. */
  empty(deadline: AbortSignal): Promise<CgroupState>;
  /** To be called once the kill is over. */
  release(): void;
}

interface Parts {
  readonly kernel: Kernel;
  readonly table: ProcessTable;
  readonly log: Log;
}

/** An exec is over in a millisecond, which is so many looks; a thousand that do nothing else must not hold up a kill. */
const GLANCES = 50;

/** Sees a process once its environment can be told, if that is soon: of all that are asked for together. */
function seeingClearly(table: ProcessTable): ProcessTable['see'] {
  let left = GLANCES;
  return pid => {
    let seen: HostProcess | undefined = table.see(pid);
    for (; left > 0 && seen?.environment === 'nascent'; left--) seen = table.see(pid);
    return seen;
  };
}

/**
 * Finds the cgroup of an agent whose recorded process has one of its own: known by PID, start time and variable
 * together, and with nobody in it who carries another agent's ID. It stays known until it was seen to be empty, so that
 * whoever outlives the founder is found by the next attempt.
 */
export function openOwnCgroups({ kernel, table, log }: Parts): (target: Target) => OwnCgroup | undefined {
  const holders = new Map<string, number>();

  /** A stop goes on without the kernel, whatever goes wrong there. */
  const orElse = <T>(fallback: T, key: string, work: () => T): T => {
    try {
      return work();
    } catch (err) {
      log.error({ err, key }, 'the cgroup of the agent cannot be used');
      return fallback;
    }
  };

  const learn = (key: string, { agentId, process: recorded }: Target): boolean => {
    const { pid = 0, startTime } = recorded ?? {};
    if (pid <= 1 || startTime === undefined) return false;
    const label = labelOf(agentId);
    const see = seeingClearly(table);
    const isForeign = (member: number): boolean => {
      const labels = see(member)?.labels ?? [];
      return labels.length > 0 && !labels.includes(label);
    };
    const before = see(pid);
    if (before?.startTime !== startTime || before.kernel || !before.labels.includes(label)) return false;
    if (!kernel.learnOwn(key, pid, isForeign)) return false;
    const after = table.see(pid);
    if (after === undefined || after.startTime === startTime) return true;
    // Another process got the PID meanwhile, and it may have been that one's cgroup.
    kernel.forget(key);
    return false;
  };

  return target => {
    const key = `process:${target.agentId}`;
    const look = (): CgroupState => orElse('unknown', key, () => kernel.look(key));
    const kill = (): boolean =>
      orElse(false, key, () => kernel.look(key) !== 'empty' && kernel.kill([key]).length > 0);
    const isLearnt = orElse(false, key, () => learn(key, target));
    if (!isLearnt && look() === 'unknown') return undefined;
    holders.set(key, (holders.get(key) ?? 0) + 1);
    return {
      kill,
      async empty(deadline) {
        for (
          let wait = 1;
          look() === 'populated' && !deadline.aborted;
          wait = Math.min(wait * 2, LONGEST_WAIT)
        ) {
          await delay(wait, undefined, { signal: deadline }).catch(() => undefined);
          kill();
        }
        return look();
      },
      release() {
        const others = (holders.get(key) ?? 1) - 1;
        if (others > 0) holders.set(key, others);
        else holders.delete(key);
        if (others === 0 && look() === 'empty') kernel.forget(key);
      },
    };
  };
}
