import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { EndedProcess, EndOutcome } from '../../../lib/ports/ender.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { endLeftovers, isClean, lookForLeftovers, type SweepSources } from '../../../lib/reconcile/sweep.js';
import { outcomeOf, recordedAgents, sweepSources, tellSwept } from '../../../lib/reconcile/sweep-records.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';
import { CLAUDE, listing, process, VARIABLE } from '../discovery/table.helper.js';

const NOW = 1_000_000;
const left = (pid: number, session = 's-1'): ProcessInfo =>
  process({ pid, environment: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: session, CLAUDE_PID: '10' } });
const never = { deadline: new AbortController().signal, olderThan: 60_000 };

interface Host {
  /** PIDs that were to be ended, by call. */
  readonly asked: number[][];
  readonly outcomes: Map<number, EndOutcome>;
  hidden: string | undefined;
  /** Called once when processes are ended. */
  meanwhile: () => readonly ProcessInfo[];
  readonly set: (next: readonly ProcessInfo[]) => void;
  readonly sources: SweepSources;
}

/** A host whose processes end when they are told to, unless something else is said. */
function openHost(first: readonly ProcessInfo[]): Host {
  let processes = first;
  const outcomes = new Map<number, EndOutcome>();
  const asked: number[][] = [];
  const host: Host = {
    asked,
    outcomes,
    hidden: undefined,
    meanwhile: () => [],
    set: (next: readonly ProcessInfo[]) => {
      processes = next;
    },
    sources: {
      table: {
        list: async () => ({
          ...listing(processes),
          unread: 2,
          ...(host.hidden !== undefined && { hidden: host.hidden }),
        }),
      },
      files: { text: async () => undefined, names: async () => [] },
      ender: {
        async end(pins) {
          asked.push(pins.map(({ pid }) => pid));
          const ended = pins.map<EndedProcess>(pin => ({ ...pin, outcome: outcomes.get(pin.pid) ?? 'dead' }));
          const gone = ended.filter(({ outcome }) => outcome === 'dead').map(({ pid }) => pid);
          processes = [...processes.filter(({ pid }) => !gone.includes(pid)), ...host.meanwhile()];
          host.meanwhile = () => [];
          return ended;
        },
      },
      agentVariable: VARIABLE,
      recordsOf: async () => new Map(),
      now: () => NOW,
    },
  };
  return host;
}

describe('a look', () => {
  it('finds what ended agents left, and says what it could not see', async () => {
    const host = openHost([left(50)]);
    host.hidden = 'others are hidden';
    expect(await lookForLeftovers(host.sources, 60_000)).toMatchObject({
      leftovers: [{ agentId: 'claude-s-1' }],
      unread: 2,
      blind: ['others are hidden'],
    });
  });

  it('asks the records of all whose ID is carried, and goes on without them', async () => {
    const host = openHost([
      process({ pid: 50, environment: { [VARIABLE]: 'a1' } }),
      process({ pid: 51, cgroup: '/killswitch.slice/killswitch@a2' }),
      process({ pid: 52, environment: { [VARIABLE]: 'no ID' } }),
    ]);
    const asked: string[] = [];
    const recordsOf: SweepSources['recordsOf'] = async ids => {
      asked.push(...ids);
      return new Map([['a1', { status: 'failed' }]]);
    };
    const look = await lookForLeftovers({ ...host.sources, recordsOf }, 0);
    expect([asked, look.leftovers.map(({ agentId }) => agentId)]).toEqual([['a1', 'a2'], ['a1']]);
    const broken = (error: unknown) => ({ ...host.sources, recordsOf: () => Promise.reject(error) });
    expect(await lookForLeftovers(broken(new Error('no store')), 0)).toMatchObject({
      leftovers: [],
      blind: ['the agents’ records cannot be read: no store'],
    });
    expect(await lookForLeftovers(broken('no'), 0)).toMatchObject({
      blind: ['the agents’ records cannot be read: no'],
    });
  });

  it('reads from the tool’s files which session an agent has', async () => {
    const claude = process({ pid: 60, executable: CLAUDE, args: ['claude'] });
    const host = openHost([claude, left(50)]);
    expect(await lookForLeftovers(host.sources, 0)).toMatchObject({ leftovers: [], unsure: 1 });
    const files = {
      ...host.sources.files,
      text: async () => JSON.stringify({ sessionId: 's-2', procStart: '6000' }),
    };
    expect(await lookForLeftovers({ ...host.sources, files }, 0)).toMatchObject({
      leftovers: [{ agentId: 'claude-s-1' }],
    });
  });
});

it('waits for a hung disk no longer than a second, and then holds the agent for one of any session', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { sources } = openHost([process({ pid: 60, executable: CLAUDE, args: ['claude'] }), left(50)]);
  const hung = { ...sources.files, text: () => new Promise<never>(() => undefined) };
  const look = lookForLeftovers({ ...sources, files: hung }, 0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await look).toMatchObject({ leftovers: [], unsure: 1 });
});

describe('an end', () => {
  const endAll = async (host: Host) => {
    const { leftovers } = await lookForLeftovers(host.sources, never.olderThan);
    return { leftovers, end: () => endLeftovers(host.sources, leftovers, never) };
  };

  it('ends what is still what it was found as, and what that started meanwhile', async () => {
    const host = openHost([left(50), left(51), left(60, 's-2')]);
    const { end } = await endAll(host);
    host.meanwhile = () => [
      { ...left(70), startedAt: NOW + 5 },
      { ...left(71), startedAt: NOW - 5_000 },
    ];
    const [first, second] = await end();
    expect(host.asked).toEqual([[50, 51, 60], [70]]);
    expect(first?.processes.map(({ pid, outcome }) => [pid, outcome])).toEqual([
      [50, 'dead'],
      [51, 'dead'],
      [70, 'dead'],
    ]);
    expect([first, second].map(one => one && isClean(one))).toEqual([true, true]);
  });

  it('leaves alone what is no leftover any more when it looks again', async () => {
    const host = openHost([left(50), left(51)]);
    const { end } = await endAll(host);
    const main = process({ pid: 10, executable: CLAUDE, args: ['claude'] });
    host.set([main, left(50), left(51)]);
    const [swept] = await end();
    expect([host.asked, swept?.spared]).toEqual([[], 2]);
    expect(swept && [isClean(swept), outcomeOf(swept)]).toEqual([
      false,
      expect.objectContaining({
        outcome: 'failed',
        detail: '2 processes left alone, no longer known for certain as left behind',
      }),
    ]);
  });

  it('says what could not be ended', async () => {
    const host = openHost([left(50), left(51), left(52)]);
    host.outcomes.set(50, 'refused').set(51, 'alive');
    const [swept] = await (await endAll(host)).end();
    expect(swept && outcomeOf(swept)).toEqual({
      layer: 'process',
      outcome: 'refused',
      detail: 'this user may not signal 1 process; 1 process not seen to be gone',
    });
    const gone = openHost([left(50)]);
    gone.outcomes.set(50, 'gone');
    const [nothing] = await (await endAll(gone)).end();
    expect(nothing && outcomeOf(nothing)).toEqual({ layer: 'process', outcome: 'alreadyGone' });
  });

  it('gives up at its deadline, and on what forks without end', async () => {
    const host = openHost([left(50)]);
    const { leftovers } = await lookForLeftovers(host.sources, 60_000);
    const late = { ...never, deadline: AbortSignal.abort() };
    expect(await endLeftovers(host.sources, leftovers, late)).toMatchObject([{ spared: 1, processes: [] }]);
    let pid = 100;
    const { ender } = host.sources;
    const forking: SweepSources = {
      ...host.sources,
      ender: {
        end(pins, deadline) {
          pid += 1;
          const born = { ...left(pid), startedAt: NOW };
          host.meanwhile = () => [born];
          return ender.end(pins, deadline);
        },
      },
    };
    const [swept] = await endLeftovers(forking, leftovers, never);
    expect(swept?.processes).toHaveLength(5);
  });
});

describe('the records', () => {
  it('say what has ended, and by which process an active agent of this host is known', async () => {
    const { core, agent, store } = fakeCore();
    const members = { process: { pid: 40, startTime: '4000' } };
    await agent('here', { container: false, members: { ...members, host: core.hostId } });
    await agent('elsewhere', { container: false, members: { ...members, host: 'other' } });
    await agent('ended', { status: 'failed', container: false });
    store.seedForeign('unreadable', '{');
    const ids = ['here', 'elsewhere', 'ended', 'unreadable', 'none'];
    expect(Object.fromEntries(await recordedAgents(core, ids))).toEqual({
      here: { status: 'running', main: { pid: 40, startTime: '4000' } },
      elsewhere: { status: 'running' },
      ended: { status: 'failed' },
    });
    const sources = sweepSources(core, openHost([]).sources);
    expect([...(await sources.recordsOf(['ended'])).keys()]).toEqual(['ended']);
    expect(sources.now()).toBe(core.clock.now());
    store.faults.fail('agents');
    expect(await recordedAgents(core, [])).toEqual(new Map());
  });

  it('tell what was ended', async () => {
    const { core, store, log } = fakeCore();
    const host = openHost([left(50), left(60, 's-2')]);
    host.outcomes.set(60, 'alive');
    const { leftovers } = await lookForLeftovers(host.sources, 0);
    const swept = await endLeftovers(host.sources, leftovers, never);
    await tellSwept(core, swept, { actor: actorWith({ subject: 'local:root' }), operationId: 'op-1' });
    const common = { operation: 'SWEEP', actor: 'local:root', operationId: 'op-1' };
    expect(store.memory.audit).toMatchObject([
      { ...common, agentId: 'claude-s-1', phase: 'settled', outcomes: [{ outcome: 'dead' }] },
      { ...common, agentId: 'claude-s-2', phase: 'unconfirmed' },
    ]);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
    await tellSwept(core, [], { actor: actorWith({ subject: 'local:root' }), operationId: 'op-2' });
    expect(store.memory.audit).toHaveLength(2);
  });
});
