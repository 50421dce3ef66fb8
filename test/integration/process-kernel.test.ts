import { describe, expect, test, vi } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { createOwnCgroups } from '../../lib/adapters/process/own-cgroup.js';
import type { HostProcess, ProcessTable } from '../../lib/adapters/process/table.js';
import { LIMIT } from '../../lib/adapters/process/words.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import type { Target } from '../../lib/ports/sandbox.js';
import { about, atOnce, host, newId, recordOf, run, silent, tableWith } from './process.helper.js';

const AGENT = 'a1';
const KEY = `process:${AGENT}/100/5`;
const recorded = recordOf(AGENT, { pid: 100, startTime: '5' });
const founder = host(100, { labels: [AGENT] });

type Faulty = Partial<Pick<Kernel, 'rememberOwn' | 'kill' | 'look' | 'members'>>;

/** A kernel that learns everything and kills nothing, unless told. */
const kernelWith = ({
  rememberOwn = () => true,
  kill = keys => keys,
  look = () => 'populated',
  members = () => [],
}: Faulty = {}) => ({
  remember: () => undefined,
  find: async () => [],
  sweep: async () => [],
  rememberOwn: vi.fn(rememberOwn),
  forget: vi.fn<Kernel['forget']>(),
  kill: vi.fn(kill),
  look: vi.fn(look),
  members: vi.fn(members),
  reaches: () => true,
  freeze: async () => [],
  thaw: async () => [],
  isFrozen: () => undefined,
  probe: async () => ({ name: 'kernel', ok: true }),
});

describe('The cgroup of an agent', () => {
  function open(
    kernel: Kernel,
    see: ProcessTable['see'] = pid => (pid === 100 ? founder : undefined),
    cgroupsOf: ProcessTable['cgroupsOf'] = ({ pid }) => `0::/of-${pid}`,
  ) {
    const snapshot = () => Promise.reject(new Error('It need not be looked at.'));
    const table = tableWith({ snapshot, see, cgroupsOf });
    const error = vi.fn();
    const { of, note } = createOwnCgroups({ kernel, table, log: { ...silent, error } });
    const cgroupOf = (target: Target) => {
      const own = of(target);
      return own.isKnown() ? own : undefined;
    };
    return { of, cgroupOf, note, error };
  }

  test.each<[string, Target, HostProcess | undefined]>([
    ['nothing is recorded', recordOf(AGENT), founder],
    ['the record has no start time', recordOf(AGENT, { pid: 100 }), founder],
    ['the record has no start time, and the process is gone', recordOf(AGENT, { pid: 100 }), undefined],
    ['the start time is another', recordOf(AGENT, { pid: 100, startTime: '6' }), founder],
    ['the process is gone', recorded, undefined],
    ['the process does not carry its ID', recorded, host(100)],
    ['the process carries another ID', recorded, host(100, { labels: [`${AGENT}0`] })],
    ['the process is a kernel thread', recorded, host(100, { labels: [AGENT], kernel: true })],
    ['the process is PID 1', recordOf(AGENT, { pid: 1, startTime: '5' }), host(1, { labels: [AGENT] })],
    ['the process is everybody', recordOf(AGENT, { pid: -1, startTime: '5' }), founder],
  ])('is not asked for where %s', (_, target, process) => {
    const kernel = kernelWith({ look: () => 'unknown' });
    expect(open(kernel, () => process).cgroupOf(target)).toBeUndefined();
    expect(kernel.rememberOwn).not.toHaveBeenCalled();
  });

  test('is none where it is shared', () => {
    const kernel = kernelWith({ rememberOwn: () => false, look: () => 'unknown' });
    expect(open(kernel).cgroupOf(recorded)).toBeUndefined();
  });

  test('has a foreign member only if that is seen to carry the ID of another agent alone', () => {
    const kernel = kernelWith();
    const members = [founder, host(101), host(102, { labels: ['a2'] }), host(103, { labels: ['a2', AGENT] })];
    open(kernel, pid => members.find(member => member.pid === pid)).cgroupOf(recorded);
    const [key, pid, isForeign] = kernel.rememberOwn.mock.lastCall ?? [];
    expect([key, pid]).toEqual([KEY, 100]);
    expect([100, 101, 102, 103, 104].map(member => isForeign?.(member))).toEqual([
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  test('is found, and a foreign member too, although they are in the middle of an exec at first', () => {
    const kernel = kernelWith();
    const glances = new Map<number, number>();
    const see = (pid: number): HostProcess => {
      const glance = (glances.get(pid) ?? 0) + 1;
      glances.set(pid, glance);
      return glance < 10
        ? host(pid, { environment: 'nascent' })
        : host(pid, { labels: [pid === 100 ? AGENT : 'a2'] });
    };
    expect(open(kernel, see).cgroupOf(recorded)).toBeDefined();
    expect(kernel.rememberOwn.mock.lastCall?.[2](101)).toBe(true);
  });

  test('is judged without delay, however many of its members are in the middle of an exec', () => {
    const kernel = kernelWith();
    const see = vi.fn((pid: number) => (pid === 100 ? founder : host(pid, { environment: 'nascent' })));
    open(kernel, see).cgroupOf(recorded);
    const before = see.mock.calls.length;
    const isForeign = kernel.rememberOwn.mock.lastCall?.[2];
    for (let member = 1_000; member < 2_000; member++) expect(isForeign?.(member)).toBe(false);
    expect(see.mock.calls.length - before).toBeLessThanOrEqual(1_050);
  });

  test('is none where its founder is never seen out of an exec', () => {
    const kernel = kernelWith({ look: () => 'unknown' });
    const nascent = host(100, { environment: 'nascent' });
    expect(open(kernel, () => nascent).cgroupOf(recorded)).toBeUndefined();
    expect(kernel.rememberOwn).not.toHaveBeenCalled();
  });

  test('is found for those that carry the ID without being recorded: for the oldest in each cgroup alone', () => {
    const kernel = kernelWith();
    const members = [101, 102, 103].map(pid => host(pid, { labels: [AGENT], startTime: `${pid}` }));
    const cgroupsOf = ({ pid }: { pid: number }) => ({ 101: '0::/a', 102: '0::/a', 103: '0::/b' })[pid];
    const see = (pid: number) => members.find(member => member.pid === pid);
    const own = open(kernel, see, cgroupsOf).of(recordOf(AGENT));
    expect(own.isKnown()).toBe(false);
    expect(own.take([...members, host(104, { labels: [AGENT] })])).toBe(true);
    expect(kernel.rememberOwn.mock.calls.map(([key, pid]) => [key, pid])).toEqual([
      [`process:${AGENT}/101/101`, 101],
      [`process:${AGENT}/103/103`, 103],
    ]);
    expect(own.take(members)).toBe(false);
    expect(own.kill()).toBe(true);
    expect(kernel.kill).toHaveBeenLastCalledWith([`process:${AGENT}/101/101`, `process:${AGENT}/103/103`]);
  });

  test('is learnt in each look once, and forgotten when the agent is gone and it is empty', () => {
    const kernel = kernelWith();
    const { note } = open(kernel);
    const seen = new Map([[AGENT, [founder]]]);
    note(seen);
    note(seen);
    expect(kernel.rememberOwn).toHaveBeenCalledOnce();
    note(new Map());
    expect(kernel.forget).not.toHaveBeenCalled();
    kernel.look.mockReturnValue('empty');
    note(seen);
    expect(kernel.forget).not.toHaveBeenCalled();
    note(new Map());
    expect(kernel.forget).toHaveBeenCalledExactlyOnceWith(KEY);
  });

  test.each<[string, HostProcess[], boolean]>([
    ['nobody but its own is in it', [host(101, { startTime: '9' })], true],
    ['another agent came into it', [host(101, { startTime: '9', labels: ['a2'] })], false],
    ['somebody older came into it', [host(99, { startTime: '4' })], false],
    ['who was in it is gone', [], true],
  ])('without its founder is its own or not, where %s', (_, others, isOwn) => {
    const kernel = kernelWith({ members: () => [99, 101] });
    const alive = [founder];
    const { note, of } = open(kernel, pid => alive.find(one => one.pid === pid));
    note(new Map([[AGENT, [founder]]]));
    alive.splice(0, 1, ...others);
    expect(of(recorded).isKnown()).toBe(isOwn);
    expect(kernel.forget).toHaveBeenCalledTimes(isOwn ? 0 : 1);
  });

  test('is its own no more where its founder lives and another agent has come into it', () => {
    const kernel = kernelWith();
    const { note, of } = open(kernel);
    note(new Map([[AGENT, [founder]]]));
    kernel.rememberOwn.mockReturnValue(false);
    expect(of(recorded).isKnown()).toBe(false);
    expect(kernel.forget).toHaveBeenCalledExactlyOnceWith(KEY);
  });

  test('stays its own when its founder has cleared its environment', () => {
    const kernel = kernelWith();
    const see = vi.fn(() => founder);
    const { note, of } = open(kernel, see);
    note(new Map([[AGENT, [founder]]]));
    see.mockReturnValue(host(100));
    expect(of(recorded).isKnown()).toBe(true);
    see.mockReturnValue(host(100, { labels: ['a2'] }));
    expect(of(recorded).isKnown()).toBe(false);
  });

  test('is forgotten if the PID was given to another process while it was learnt', () => {
    const kernel = kernelWith({ look: () => 'unknown' });
    const see = vi.fn(() => host(100, { startTime: '6', labels: [AGENT] })).mockReturnValueOnce(founder);
    expect(open(kernel, see).cgroupOf(recorded)).toBeUndefined();
    expect(kernel.forget).toHaveBeenCalledExactlyOnceWith(KEY);
  });

  test('is known if its founder ended right after it was learnt', () => {
    const see = vi.fn((): HostProcess | undefined => undefined).mockReturnValueOnce(founder);
    expect(open(kernelWith(), see).cgroupOf(recorded)).toBeDefined();
  });

  test('stays known until it was seen to be empty, also without its founder', () => {
    const kernel = kernelWith();
    const see = vi.fn((): HostProcess | undefined => founder);
    const { cgroupOf } = open(kernel, see);
    cgroupOf(recorded)?.release();
    expect(kernel.forget).not.toHaveBeenCalled();
    see.mockReturnValue(undefined);
    const again = cgroupOf(recorded);
    expect(again?.kill()).toBe(true);
    kernel.look.mockReturnValue('empty');
    expect(again?.kill()).toBe(false);
    again?.release();
    expect(kernel.forget).toHaveBeenCalledExactlyOnceWith(KEY);
  });

  test('is not forgotten while another kill holds it', () => {
    const kernel = kernelWith({ look: () => 'empty' });
    const { cgroupOf } = open(kernel);
    const [first, second] = [cgroupOf(recorded), cgroupOf(recorded)];
    first?.release();
    expect(kernel.forget).not.toHaveBeenCalled();
    second?.release();
    expect(kernel.forget).toHaveBeenCalledOnce();
  });

  test('is killed again until it is empty', async () => {
    const kernel = kernelWith();
    const cgroup = open(kernel).cgroupOf(recorded);
    kernel.kill.mockImplementation(keys => {
      if (kernel.kill.mock.calls.length === 3) kernel.look.mockReturnValue('empty');
      return keys;
    });
    expect(await cgroup?.empty(atOnce().deadline)).toBe('empty');
    expect(kernel.kill).toHaveBeenCalledTimes(3);
  });

  test('that cannot be used is reported, and stops no agent', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const { cgroupOf, error } = open(kernelWith({ kill: broken }));
    const cgroup = cgroupOf(recorded);
    expect(cgroup?.kill()).toBe(false);
    expect(await cgroup?.empty(AbortSignal.abort())).toBe('populated');
    expect(open(kernelWith({ rememberOwn: broken, look: broken })).cgroupOf(recorded)).toBeUndefined();
    expect(error).toHaveBeenCalledOnce();
  });
});

describe('An agent', () => {
  async function start(kernel: Kernel) {
    const agentId = newId();
    const { root } = await run('echo root $$; exec sleep 1000 >/dev/null', { agentId });
    const sandbox = createProcesses({ kernel, log: silent });
    const target = recordOf(agentId, root);
    return { place: about(target), kill: (options = atOnce()) => sandbox.kill(target, options) };
  }

  test('is killed by its cgroup before anything is waited for', async () => {
    const kernel = kernelWith();
    const { kill } = await start(kernel);
    const outcome = kill({ graceMs: 0, deadline: AbortSignal.abort() });
    expect(kernel.kill).toHaveBeenCalledOnce();
    await outcome;
  });

  test('is not killed by its cgroup before its grace is over', async () => {
    const kernel = kernelWith({ kill: keys => (kernel.look.mockReturnValue('empty') ? keys : []) });
    const { kill, place } = await start(kernel);
    const outcome = kill({ ...atOnce(), graceMs: 120_000 });
    expect([kernel.rememberOwn, kernel.kill].map(({ mock }) => mock.calls.length)).toEqual([1, 0]);
    expect(await outcome).toEqual({ ...place, outcome: 'dead' });
    expect(kernel.kill).toHaveBeenCalledOnce();
  });

  test('is not dead before its cgroup is empty, and the next attempt goes on with that', async () => {
    const kernel = kernelWith();
    const deadline = new AbortController();
    // The first is the blow itself; the others come when its processes are gone.
    kernel.kill.mockImplementation(keys => {
      if (kernel.kill.mock.calls.length === 3) deadline.abort();
      return keys;
    });
    const { kill, place } = await start(kernel);
    expect(await kill({ graceMs: 0, deadline: deadline.signal })).toEqual({
      ...place,
      outcome: 'pending',
      detail: "something in the agent's cgroup does not die",
    });
    kernel.kill.mockImplementation(keys => (kernel.look.mockReturnValue('empty') ? keys : []));
    expect(await kill()).toEqual({ ...place, outcome: 'dead' });
    expect(kernel.forget).toHaveBeenCalledOnce();
  });

  test('is not dead while it is unknown what is in its cgroup; without one, it counts as any other', async () => {
    const { kill } = await start(kernelWith({ look: () => 'unknown' }));
    expect(await kill()).toMatchObject({
      outcome: 'pending',
      detail: expect.stringContaining('cannot be read'),
    });
    expect(await kill()).toMatchObject({ outcome: 'alreadyGone' });
  });

  test('is dead by its processes alone where its cgroup is not its own', async () => {
    const kernel = kernelWith({ rememberOwn: () => false, look: () => 'unknown' });
    const { kill, place } = await start(kernel);
    expect(await kill()).toEqual({ ...place, outcome: 'dead', detail: LIMIT });
    expect(kernel.kill).not.toHaveBeenCalled();
  });
});
