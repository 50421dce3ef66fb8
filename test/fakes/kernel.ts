import type { Kernel } from '../../lib/ports/kernel.js';

/**
 * - `unusable`: nothing can be remembered, and what was remembered is unknown
 * - `throws`: `kill` does nothing and throws
 * - `survives`: `kill` reports success, and nothing dies
 */
type KernelFault = 'unusable' | 'throws' | 'survives';

export interface FakeKernel extends Kernel {
  /** What goes wrong, until it is set to something else. */
  fault: KernelFault | undefined;
  /** Keys of which something has left the cgroup and cannot be killed. */
  readonly strays: Set<string>;
  /** Keys in the order in which they were to be killed. */
  readonly killed: readonly string[];
  /** Starts a sandbox in a cgroup of its own, of that name: its first process, and another that did not found it. */
  spawn(name?: string): FakeCgroup;
}

interface FakeCgroup {
  readonly name: string | undefined;
  readonly pid: number;
  readonly member: number;
  isRunning(): boolean;
  /** All its processes end by themselves. */
  end(): void;
}

/** Cgroups in memory. PID 1 and this process's own are in none that may be killed. */
export function fakeKernel(): FakeKernel {
  const alive = new Map<number, FakeCgroup>();
  const known = new Map<string, FakeCgroup>();
  const frozen = new Set<FakeCgroup>();
  const killed: string[] = [];
  let lastPid = 200_000;

  const store = (key: string, pid: number): boolean => {
    const cgroup = kernel.fault === 'unusable' ? undefined : alive.get(pid);
    if (cgroup?.pid !== pid) return false;
    known.set(key, cgroup);
    return true;
  };

  const kernel: FakeKernel = {
    fault: undefined,
    strays: new Set(),
    killed,
    spawn(name) {
      const pid = ++lastPid;
      const member = ++lastPid;
      const cgroup: FakeCgroup = {
        name,
        pid,
        member,
        isRunning: () => alive.has(pid),
        end: () => void [pid, member].map(one => alive.delete(one)),
      };
      for (const one of [pid, member]) alive.set(one, cgroup);
      return cgroup;
    },
    remember(id, pid) {
      if (alive.get(pid)?.name === id) store(id, pid);
    },
    async find(ids) {
      for (const cgroup of alive.values()) {
        if (cgroup.name !== undefined && ids.includes(cgroup.name)) store(cgroup.name, cgroup.pid);
      }
      return ids.filter(id => known.has(id));
    },
    rememberOwn(key, pid, isForeign) {
      const { member } = alive.get(pid) ?? {};
      return member !== undefined && !isForeign(member) && store(key, pid);
    },
    async sweep(ids) {
      return ids.filter(id => kernel.strays.has(id));
    },
    forget: key => void known.delete(key),
    kill(keys) {
      killed.push(...keys);
      if (kernel.fault === 'throws') throw new Error('the fake kernel is broken');
      if (kernel.fault === 'unusable') return [];
      const reached = keys.filter(key => known.has(key));
      if (kernel.fault !== 'survives') for (const key of reached) known.get(key)?.end();
      return reached;
    },
    look(key) {
      const cgroup = known.get(key);
      if (cgroup === undefined || kernel.fault === 'unusable') return 'unknown';
      return cgroup.isRunning() ? 'populated' : 'empty';
    },
    reaches: key => kernel.fault !== 'unusable' && known.has(key),
    async freeze(keys) {
      if (kernel.fault !== undefined) return [];
      const reached = keys.filter(key => known.has(key));
      for (const key of reached) for (const cgroup of [known.get(key)]) if (cgroup) frozen.add(cgroup);
      return reached;
    },
    async thaw(keys) {
      if (kernel.fault !== undefined) return [];
      const reached = keys.filter(key => known.has(key));
      for (const key of reached) for (const cgroup of [known.get(key)]) if (cgroup) frozen.delete(cgroup);
      return reached;
    },
    isFrozen(key) {
      const cgroup = kernel.fault === 'unusable' ? undefined : known.get(key);
      return cgroup && frozen.has(cgroup);
    },
    members(key) {
      const cgroup = kernel.fault === 'unusable' ? undefined : known.get(key);
      return cgroup?.isRunning() ? [cgroup.pid, cgroup.member] : [];
    },
    async probe() {
      const detail =
        kernel.fault === 'unusable' ? 'not usable: told so; the engine alone is used' : 'in memory';
      return { name: 'kernel', ok: true, detail };
    },
  };
  return kernel;
}
