import { expect, test } from 'vitest';
import { gather } from '../../lib/adapters/process/gather.js';
import { report } from '../../lib/adapters/process/report.js';
import { createSnapshot, type HostProcess, type ProcessTable } from '../../lib/adapters/process/table.js';
import { killTree } from '../../lib/adapters/process/tree-kill.js';
import { about, atOnce, host, recordOf, tableWith } from './process.helper.js';

/** A table that shows one list of processes after the other, the last one for good, and notes the signals. */
function tableOf(...looks: (readonly HostProcess[] | 'unsettled')[]): {
  table: ProcessTable;
  signals: string[];
} {
  const signals: string[] = [];
  const table = tableWith({
    async snapshot() {
      const now = (looks.length > 1 ? looks.shift() : looks[0]) ?? [];
      return now === 'unsettled' ? createSnapshot([], false) : createSnapshot(now);
    },
    async signal(processes, signal) {
      signals.push(...processes.map(({ pid }) => `${signal} ${pid}`));
      return { sent: processes.length, denied: [] };
    },
  });
  return { table, signals };
}

const evidence = { table: tableWith(), variable: 'ID', wasSeen: false, wasEnclosed: false };

test('Every member is stopped, also those who appear meanwhile, before the first one is killed', async () => {
  const [first, second] = [host(1_001, { labels: ['a1'] }), host(1_002, { labels: ['a1'] })];
  const all = [first, second];
  const { table, signals } = tableOf([first], all, all, all, []);
  await killTree(table, recordOf('a1'), atOnce());
  expect(signals).toEqual(['SIGSTOP 1001', 'SIGSTOP 1002', 'SIGKILL 1001', 'SIGKILL 1002']);
});

test('Finding no process is no answer while processes end faster than they can be read', async () => {
  const member = [host(1_001, { labels: ['a1'] })];
  const { table, signals } = tableOf('unsettled', 'unsettled', member, member, member, []);
  expect((await killTree(table, recordOf('a1'), atOnce())).sent).toBe(2);
  expect(signals).toEqual(['SIGSTOP 1001', 'SIGKILL 1001']);
});

test('What outlives the deadline is pending, and has been killed all the same', async () => {
  const members = [host(1_001, { labels: ['a1'] }), host(1_002, { labels: ['a1'], state: 'stuck' })];
  const { table, signals } = tableOf(members);
  const caught = await killTree(table, recordOf('a1'), { graceMs: 60_000, deadline: AbortSignal.abort() });
  expect(report(recordOf('a1'), caught, evidence)).toEqual({
    ...about(recordOf('a1')),
    outcome: 'pending',
    detail: '2 processes do not die; a process in uninterruptible sleep cannot be killed',
  });
  expect(signals).toContain('SIGKILL 1001');
});

test('A process that we may not signal is a failure, and the others are killed all the same', async () => {
  const [locked, open] = [host(1_001, { labels: ['a1'] }), host(1_002, { labels: ['a1'] })];
  const { table, signals } = tableOf([locked, open], [locked, open], [locked, open], [locked]);
  const signal: ProcessTable['signal'] = async (processes, name) => {
    const { sent } = await table.signal(processes, name);
    return { sent, denied: processes.filter(process => process === locked) };
  };
  const target = recordOf('a1', { pid: locked.pid, startTime: '5' });
  expect(report(target, await killTree({ ...table, signal }, target, atOnce()), evidence)).toEqual({
    ...about(target),
    outcome: 'failed',
    detail: expect.stringContaining('not permitted to signal a process of the agent'),
  });
  expect(signals).toContain('SIGKILL 1002');
});

const leader = host(100, { labels: ['a1'], ppid: 50, session: 40 });
const inSession = { group: 100, session: 40 };
test.each<[string, HostProcess, boolean]>([
  ['an orphan of its group', host(101, { ...inSession, ppid: 1 }), true],
  ['another command of the pipeline', host(101, { ...inSession, ppid: 50 }), false],
  ['a grandchild in a session of its own', host(101, { ppid: 100 }), true],
  ['one of its session that it does not lead', host(101, { group: 40, session: 40, ppid: 50 }), false],
])('By its relation to a member, %s is the agent: %#', (_, other, belongs) => {
  const shell = host(50, { group: 40, session: 40, ppid: 1 });
  const { living } = gather(createSnapshot([host(1), shell, leader, other]), 'a1', new Map());
  expect(living).toEqual(belongs ? [leader, other] : [leader]);
});

test('An orphan with a group of its own is the agent if a member leads its session', () => {
  const [head, orphan] = [host(100, { labels: ['a1'] }), host(101, { session: 100 })];
  const { living } = gather(createSnapshot([host(1), head, orphan]), 'a1', new Map());
  expect(living).toEqual([head, orphan]);
});

test('A kernel thread does not belong to an agent, whatever it carries', () => {
  const thread = host(100, { labels: ['a1'], kernel: true });
  expect(gather(createSnapshot([thread]), 'a1', new Map())).toMatchObject({ living: [], spared: [] });
});

test('What PID 1 adopted does not belong to an agent, even if PID 1 carries its ID', () => {
  const init = host(1, { labels: ['a1'], ppid: 0 });
  expect(gather(createSnapshot([init, host(100)]), 'a1', new Map())).toMatchObject({
    living: [],
    spared: [init],
  });
});

test('A member is remembered by PID and start time together', () => {
  const known = new Map([['100/5', { pid: 100, startTime: '5' }]]);
  expect(gather(createSnapshot([host(100)]), 'a1', known).living).toHaveLength(1);
  expect(gather(createSnapshot([host(100, { startTime: '6' })]), 'a1', known).living).toEqual([]);
});
