import { setTimeout as delay } from 'node:timers/promises';
import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import type { Target } from '../../ports/sandbox.js';
import { isOfAnother } from './gather.js';
import { recordedIn } from './recorded.js';
import { type HostProcess, type Identity, identity, isOlder, labelOf, type ProcessTable } from './table.js';

/** Milliseconds. */
const LONGEST_WAIT = 50;

export type CgroupState = ReturnType<Kernel['look']>;

/** The cgroups that processes of an agent founded: usually one or none. */
export interface OwnCgroups {
  /** Whether the agent has any. */
  isKnown(): boolean;
  /** Takes in those that were founded by processes which carry the agent's ID. Whether there are new ones. */
  take(carriers: readonly HostProcess[]): boolean;
  /** Kills all processes in them. Whether there were any. */
  kill(): boolean;
  /** PIDs in them. */
  members(): readonly number[];
  /** Kills until no process is left in them or the deadline is over. Returns how they were seen last. */
  empty(deadline: AbortSignal): Promise<CgroupState>;
  /** PIDs in those that may be frozen. */
  held(): readonly number[];
  /** @returns whether all of them were seen frozen before the deadline */
  freeze(deadline: AbortSignal): Promise<boolean>;
  /** @returns whether all of them were seen to run again before the deadline */
  thaw(deadline: AbortSignal): Promise<boolean>;
  /** Whether each of them is seen to stand still. */
  isFrozen(): boolean;
  /** To be called once the kill is over. */
  release(): void;
}

export interface OwnCgroupsOfAll {
  /** For one kill. */
  of(target: Target): OwnCgroups;
  /** Remembers the cgroups of all agents before they are to be killed, while those who founded them are alive. */
  note(carriersOf: ReadonlyMap<string, readonly HostProcess[]>): void;
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
 * Finds the cgroups of an agent: those that a process founded which is known by PID, start time and variable together,
 * and without a process in it that carries another agent's ID. They stay known until they were seen to be empty, so
 * that a process that outlives the founder is found by the next attempt.
 */
export function createOwnCgroups({ kernel, table, log }: Parts): OwnCgroupsOfAll {
  const holders = new Map<string, number>();
  /** By agent and key: who founded it. */
  const founders = new Map<string, Map<string, Identity>>();
  /** Which process was tried already in which cgroup, when all were looked at last. */
  let noted: ReadonlySet<string> = new Set();

  /** A stop goes on without the kernel, whatever goes wrong there. */
  const orElse = <T>(fallback: T, key: string, work: () => T): T => {
    try {
      return work();
    } catch (err) {
      log.error({ err, key }, 'the cgroup of the agent cannot be used');
      return fallback;
    }
  };
  const look = (key: string): CgroupState => orElse('unknown', key, () => kernel.look(key));
  const forget = (agentId: string, key: string): void => {
    kernel.forget(key);
    const left = founders.get(agentId);
    left?.delete(key);
    if (left?.size === 0) founders.delete(agentId);
  };

  const remember = (agentId: string, founder: Identity, see = seeingClearly(table)): string | undefined => {
    const { pid, startTime } = founder;
    const label = labelOf(agentId);
    const key = `process:${agentId}/${identity(founder)}`;
    const isForeign = (member: number): boolean => {
      const seen = see(member);
      return seen !== undefined && seen.labels.length > 0 && !seen.labels.includes(label);
    };
    const before = see(pid);
    const isKnown = founders.get(agentId)?.has(key) === true;
    if (before?.startTime !== startTime || before.kernel || isOfAnother(before, agentId)) return undefined;
    // A zombie is in no cgroup of its own any more; what it founded stays known from before.
    if (before.state === 'dead') return undefined;
    // One that cleared its environment by an exec still is who it was.
    if (!before.labels.includes(label) && !isKnown) return undefined;
    if (!kernel.rememberOwn(key, pid, isForeign)) return undefined;
    const after = table.see(pid);
    if (after === undefined || after.startTime === startTime) {
      founders.set(agentId, (founders.get(agentId) ?? new Map()).set(key, { pid, startTime }));
      return key;
    }
    // Another process got the PID meanwhile, and it may have been that one's cgroup.
    kernel.forget(key);
    return undefined;
  };

  /** Without its founder a cgroup is only the agent's as long as no process came that is older or another agent's. */
  const isStillOwn = (agentId: string, key: string, founder: Identity): boolean =>
    kernel.members(key).every(pid => {
      const seen = table.see(pid);
      return seen === undefined || (!isOlder(seen, founder) && !isOfAnother(seen, agentId));
    });

  const isAlive = ({ pid, startTime }: Identity): boolean => {
    const seen = table.see(pid);
    return seen?.startTime === startTime && seen.state !== 'dead';
  };

  /** The oldest process in each cgroup: no other can have founded it. */
  const candidatesAmong = (carriers: readonly HostProcess[]): ReadonlyMap<string, HostProcess> => {
    const oldest = new Map<string, HostProcess>();
    for (const process of carriers) {
      const cgroups = table.cgroupsOf(process);
      if (cgroups === undefined) continue;
      const other = oldest.get(cgroups);
      if (other === undefined || isOlder(process, other)) oldest.set(cgroups, process);
    }
    return oldest;
  };

  const of = (target: Target): OwnCgroups => {
    const { agentId } = target;
    const keys = new Set<string>();
    const tried = new Set<string>();
    const hold = (key: string): void => {
      if (keys.has(key)) return;
      keys.add(key);
      holders.set(key, (holders.get(key) ?? 0) + 1);
    };
    const attempt = (founder: Identity): boolean => {
      if (tried.has(identity(founder))) return false;
      tried.add(identity(founder));
      const key = orElse(undefined, agentId, () => remember(agentId, founder));
      if (key !== undefined) hold(key);
      return key !== undefined;
    };
    // A process may have entered those that were known before.
    for (const [key, founder] of founders.get(agentId) ?? []) {
      if (attempt(founder)) continue;
      if (!orElse(false, key, () => !isAlive(founder) && isStillOwn(agentId, key, founder)))
        forget(agentId, key);
      else if (look(key) !== 'unknown') hold(key);
    }
    const { pid = 0, startTime } = recordedIn(target) ?? {};
    if (pid > 1 && startTime !== undefined) attempt({ pid, startTime });

    const reached = (): string[] => [...keys].filter(key => orElse(false, key, () => kernel.reaches(key)));
    const kill = (): boolean => {
      const populated = [...keys].filter(key => orElse(false, key, () => kernel.look(key) !== 'empty'));
      return orElse(false, agentId, () => populated.length > 0 && kernel.kill(populated).length > 0);
    };
    const state = (): CgroupState => {
      const states = [...keys].map(look);
      return states.find(one => one === 'populated') ?? states.find(one => one === 'unknown') ?? 'empty';
    };
    return {
      isKnown: () => keys.size > 0,
      take(carriers) {
        const before = keys.size;
        for (const process of candidatesAmong(carriers).values()) attempt(process);
        return keys.size > before;
      },
      kill,
      members: () => [...keys].flatMap(key => orElse([], key, () => kernel.members(key))),
      async empty(deadline) {
        for (
          let wait = 1;
          state() === 'populated' && !deadline.aborted;
          wait = Math.min(wait * 2, LONGEST_WAIT)
        ) {
          await delay(wait, undefined, { signal: deadline }).catch(() => undefined);
          kill();
        }
        return state();
      },
      held: () => reached().flatMap(key => kernel.members(key)),
      freeze: async deadline => (await kernel.freeze(reached(), deadline)).length === reached().length,
      thaw: async deadline => (await kernel.thaw(reached(), deadline)).length === reached().length,
      isFrozen: () => reached().every(key => kernel.isFrozen(key) === true),
      release() {
        for (const key of keys) {
          const others = (holders.get(key) ?? 1) - 1;
          if (others > 0) holders.set(key, others);
          else holders.delete(key);
          if (others === 0 && look(key) === 'empty') forget(agentId, key);
        }
      },
    };
  };

  return {
    of,
    note(carriersOf) {
      const now = new Set<string>();
      for (const [agentId, carriers] of carriersOf) {
        for (const [cgroups, process] of candidatesAmong(carriers)) {
          const place = `${agentId} ${identity(process)} ${cgroups}`;
          now.add(place);
          if (!noted.has(place)) orElse(undefined, agentId, () => remember(agentId, process));
        }
      }
      noted = now;
      for (const [agentId, known] of founders) {
        if (carriersOf.has(agentId)) continue;
        for (const key of known.keys())
          if (!holders.has(key) && look(key) !== 'populated') forget(agentId, key);
      }
    },
  };
}
