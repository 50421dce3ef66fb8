import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { placeOf } from '../../lib/domain/debt.js';
import type { LayerOutcome } from '../../lib/domain/outcome.js';
import { isContainer, type SandboxKind } from '../../lib/domain/sandbox.js';
import type { Sandbox, Target } from '../../lib/ports/sandbox.js';
import type { Scan, Scanner, Sighting } from '../../lib/ports/scanner.js';

/**
 * - `throws`: does nothing and rejects
 * - `hangs`: does nothing and never settles, whatever the deadline says
 * - `late`: does its work at once and answers when it is released
 * - `gone`: the agent vanishes by itself just before
 * - `duplicate`: the call arrives twice, and the second one answers
 * - `lies`: does nothing and reports success
 */
export type Fault = 'throws' | 'hangs' | 'late' | 'gone' | 'duplicate' | 'lies';
export type Method = 'kill' | 'pause' | 'resume' | 'remove' | 'probe' | 'sightings';

export interface FakeAgent {
  readonly target: Target;
  isRunning(): Promise<boolean>;
  isFrozen(): Promise<boolean>;
  /** Lets it run again, as another program might. */
  thaw(): Promise<void>;
  /** Nothing is left of it from one moment to the next. */
  end(): Promise<void>;
}

export interface FakeSandbox extends Sandbox, Scanner {
  /** All calls in their order, those that go wrong included. */
  readonly calls: readonly {
    readonly method: Method;
    readonly agentId?: string;
    readonly graceMs?: number;
  }[];
  /** Starts an agent; whoever watches is told at once. One that is hidden runs where nobody may look. */
  spawn(
    agentId: string,
    options?: { labelled?: boolean; ignoreTerm?: boolean; startedAt?: number; hidden?: boolean },
  ): FakeAgent;
  /** Lets the next `times` calls go wrong, of one agent or of any. */
  inject(method: Method, fault: Fault, options?: { agentId?: string; times?: number }): void;
  /** Lets what runs there end by itself, leaving nothing behind. */
  vanish(target: Target): void;
  /** Lets the late ones answer. */
  release(): void;
}

interface Entry {
  readonly id: string;
  readonly label: string | undefined;
  readonly ignoreTerm: boolean;
  readonly startedAt: number | undefined;
  readonly hidden: boolean;
  running: boolean;
  frozen: boolean;
}

/** A sandbox in memory, in the manner of containers (which leave remains) or of processes (which do not). */
export function fakeSandbox({ kind = 'docker' as SandboxKind } = {}): FakeSandbox {
  const hasRemains = isContainer(kind);
  const entries = new Set<Entry>();
  const faults: { method: Method; fault: Fault; agentId: string | undefined; times: number }[] = [];
  const calls: { method: Method; agentId?: string; graceMs?: number }[] = [];
  let spawned = 0;
  const late: (() => void)[] = [];
  const watchers = new Set<{ readonly onStart: (sighting: Sighting) => void }>();

  /** Agents of which something was here once. */
  const known = new Set<string>();
  /** Of an agent of which there is nothing (any more). */
  const none = (target: Target): LayerOutcome => {
    if (target.id !== undefined || known.has(target.agentId)) return answer(target, 'alreadyGone');
    const unread = hidden().length;
    return answer(target, 'notFound', unread > 0 ? `${unread} here may not be read` : undefined);
  };

  const ownOf = ({ agentId }: Target): Entry[] =>
    [...entries].filter(({ label, hidden }) => label === agentId && !hidden);
  const isNamed = ({ id }: Target, entry: Entry): boolean => entry.id === id;
  const hidden = (): Entry[] => [...entries].filter(entry => entry.hidden && entry.running);
  const isRefused = (target: Target): boolean => {
    const { agentId, id } = target;
    if (hasRemains && id !== undefined && !/^[0-9a-f]{64}$/.test(id)) return true;
    return [...entries].some(entry => isNamed(target, entry) && entry.label !== agentId);
  };
  const answer = ({ id }: Target, outcome: LayerOutcome['outcome'], detail?: string): LayerOutcome => ({
    ...placeOf(kind, id),
    outcome,
    ...(hasRemains && outcome === 'dead' && { needsRemoval: true }),
    ...(detail && { detail }),
  });

  const toSightings = ({ label, id, startedAt, running, hidden }: Entry): Sighting[] => {
    if (label === undefined || !running || hidden) return [];
    return [{ agentId: label, kind, id, ...(startedAt !== undefined && { startedAt }) }];
  };
  const look = async (): Promise<Scan> => {
    const seen = [...entries].flatMap(toSightings);
    const unread = hidden().length;
    return { seen, ...(unread > 0 && { unread }) };
  };
  const tell = (sighting: Sighting): void => {
    for (const { onStart } of watchers) {
      try {
        onStart(sighting);
      } catch {
        // One that is broken keeps nobody else from being told.
      }
    }
  };

  const end = (entry: Entry): void => {
    entry.running = false;
    if (!hasRemains) entries.delete(entry);
  };

  async function kill(target: Target, graceMs: number): Promise<LayerOutcome> {
    const own = ownOf(target);
    if (graceMs > 0 && own.some(({ ignoreTerm }) => ignoreTerm)) await delay(graceMs);
    own.forEach(end);
    if (hidden().some(entry => isNamed(target, entry)))
      return answer(target, 'blind', 'what is recorded may not be read, and may still run');
    if (isRefused(target))
      return answer(target, 'refused', 'what is recorded does not carry the label of the agent');
    return own.length > 0 ? answer(target, 'dead') : none(target);
  }

  const hold = async (target: Target, frozen: boolean): Promise<LayerOutcome> => {
    if (hidden().some(entry => isNamed(target, entry)))
      return answer(target, 'blind', 'what is recorded may not be read, and may still run');
    if (isRefused(target))
      return answer(target, 'refused', 'what is recorded does not carry the label of the agent');
    const own = ownOf(target).filter(({ running }) => running);
    for (const entry of own) entry.frozen = frozen;
    if (own.length > 0) return answer(target, frozen ? 'paused' : 'resumed');
    return ownOf(target).length > 0 ? answer(target, 'alreadyGone') : none(target);
  };

  async function remove(target: Target): Promise<LayerOutcome> {
    const own = ownOf(target);
    for (const entry of own) entries.delete(entry);
    if (isRefused(target))
      return answer(target, 'refused', 'what is recorded does not carry the label of the agent');
    return own.length > 0 ? answer(target, 'removed') : none(target);
  }

  function takeFault(method: Method, agentId?: string): Fault | undefined {
    const found = faults.find(
      fault =>
        fault.method === method &&
        fault.times > 0 &&
        (fault.agentId === undefined || fault.agentId === agentId),
    );
    if (!found) return undefined;
    found.times -= 1;
    return found.fault;
  }

  /** Does `work` once, or goes wrong in its place. */
  async function through<T>(method: Method, work: () => Promise<T>, success: T, target?: Target): Promise<T> {
    switch (takeFault(method, target?.agentId)) {
      case undefined:
        return work();
      case 'throws':
        throw new Error('the fake sandbox is broken');
      case 'hangs':
        return new Promise<never>(() => undefined);
      case 'late': {
        const result = await work();
        await new Promise<void>(resolve => late.push(resolve));
        return result;
      }
      case 'gone':
        for (const entry of target ? ownOf(target) : []) entries.delete(entry);
        return work();
      case 'duplicate':
        await work();
        return work();
      case 'lies':
        return success;
    }
  }

  return {
    kind,
    calls,
    spawn(agentId, { labelled = true, ignoreTerm = false, startedAt, hidden = false } = {}) {
      spawned += 1;
      const pid = 100_000 + spawned;
      const hash = createHash('sha256').update(`${kind} ${pid}`).digest('hex');
      const id = hasRemains ? hash : kind === 'process' ? `${pid}:1` : `${hash}.scope`;
      const entry: Entry = {
        id,
        label: labelled ? agentId : undefined,
        ignoreTerm,
        startedAt,
        hidden,
        running: true,
        frozen: false,
      };
      entries.add(entry);
      if (labelled && !hidden) known.add(agentId);
      toSightings(entry).forEach(tell);
      return {
        target: { agentId, operationId: 'op', id, sandboxes: [{ kind, id }] },
        isRunning: async () => entries.has(entry) && entry.running,
        isFrozen: async () => entry.frozen,
        thaw: async () => {
          entry.frozen = false;
        },
        end: async () => void entries.delete(entry),
      };
    },
    inject(method, fault, { agentId, times = 1 } = {}) {
      faults.push({ method, fault, agentId, times });
    },
    vanish({ id }) {
      for (const entry of entries) if (entry.id === id) entries.delete(entry);
    },
    release() {
      for (const resolve of late.splice(0)) resolve();
    },
    kill(target, { graceMs }) {
      calls.push({ method: 'kill', agentId: target.agentId, graceMs });
      return through('kill', () => kill(target, graceMs), answer(target, 'dead'), target);
    },
    pause(target) {
      calls.push({ method: 'pause', agentId: target.agentId });
      return through('pause', () => hold(target, true), answer(target, 'paused'), target);
    },
    resume(target) {
      calls.push({ method: 'resume', agentId: target.agentId });
      return through('resume', () => hold(target, false), answer(target, 'resumed'), target);
    },
    remove(target) {
      calls.push({ method: 'remove', agentId: target.agentId });
      return through('remove', () => remove(target), answer(target, 'removed'), target);
    },
    scan() {
      calls.push({ method: 'sightings' });
      return through('sightings', look, { seen: [] });
    },
    watch(onStart) {
      const watcher = { onStart };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    probe() {
      calls.push({ method: 'probe' });
      const well = { name: `fake ${kind}`, ok: true };
      return through('probe', async () => well, well);
    },
  };
}
