import { expect, test } from 'vitest';
import { gather } from '../../lib/adapters/process/gather.js';
import { createMemory } from '../../lib/adapters/process/memory.js';
import type { Kinship } from '../../lib/adapters/process/standing.js';
import { type Kind, kindOf } from '../../lib/adapters/process/surrounding.js';
import { createSnapshot, type HostProcess } from '../../lib/adapters/process/table.js';
import { killTree } from '../../lib/adapters/process/tree-kill.js';
import { atOnce, host, recordOf, tableWith } from './process.helper.js';

const labels = ['a1'];
const init = host(1, { ppid: 0, session: 1 });
/** A process that runs one of the programs that surround agents; its command tells which. */
const surrounding = (kind: Kind, pid: number, members: Partial<HostProcess> = {}): HostProcess =>
  host(pid, { labels, command: kind, ...members });
const gathered = (processes: readonly HostProcess[], more: Kinship = {}) => {
  const kinship = { kindOf: ({ command }: HostProcess) => command as Kind | undefined, ...more };
  const { living, bystanders, shared } = gather(
    createSnapshot([init, ...processes]),
    'a1',
    new Map(),
    kinship,
  );
  return {
    living: living.map(({ pid }) => pid),
    bystanders: bystanders.map(({ pid }) => pid),
    shared: shared.map(one => [one.process.pid, ...one.with]),
  };
};
const NOTHING = { living: [], bystanders: [], shared: [] };

test.each<Kind>(['multiplexer', 'terminal', 'login', 'editor', 'shell'])(
  'A %s that was there before the agent only inherited the variable; what it started without is none of it',
  kind => {
    const server = surrounding(kind, 100, { startTime: '5' });
    const pane = host(101, { labels, ppid: 100, startTime: '7' });
    const stranger = host(102, { ppid: 100, startTime: '8' });
    expect(gathered([server, pane, stranger])).toEqual({ ...NOTHING, living: [101], bystanders: [100] });
  },
);

test('What the agent started is the agent, whatever it runs', () => {
  const root = host(100, { labels, startTime: '5' });
  const editor = surrounding('editor', 101, { startTime: '6' });
  const server = surrounding('multiplexer', 102, { startTime: '7' });
  const pane = host(103, { ppid: 102, startTime: '8' });
  expect(gathered([root, editor, server, pane]).living).toEqual([100, 101, 102, 103]);
});

test('Within one clock tick the lower PID was there first', () => {
  const [before, root, after] = [
    surrounding('multiplexer', 99),
    host(100, { labels }),
    surrounding('multiplexer', 101),
  ];
  expect(gathered([before, root, after])).toEqual({ ...NOTHING, living: [100, 101], bystanders: [99] });
});

test('The age of the agent is also known by the record, and by what was seen before', () => {
  const server = surrounding('multiplexer', 100, { startTime: '7' });
  expect(gathered([server])).toEqual({ ...NOTHING, bystanders: [100] });
  expect(gathered([server], { recorded: { pid: 90, startTime: '5' } }).living).toEqual([100]);
  expect(gathered([server], { eldest: { pid: 90, startTime: '5' } }).living).toEqual([100]);
  const dead = host(90, { state: 'dead' });
  expect(gathered([dead, server], { recorded: { pid: 90, startTime: '5' } }).living).toEqual([100]);
});

test.each<[string, HostProcess, object]>([
  ['is another’s', host(90), { pid: 90, startTime: '5' }],
  ['has no start time', host(90, { labels: ['a2'] }), { pid: 90 }],
  ['is PID 1', host(90), { pid: 1, startTime: '5' }],
])('A recorded process that %s says nothing of the age of the agent', (_, other, recorded) => {
  const server = surrounding('multiplexer', 100, { startTime: '7' });
  expect(gathered([other, server], { recorded: recorded as never })).toEqual({
    ...NOTHING,
    bystanders: [100],
  });
});

test('A login shell in a window that was opened later is the bystander’s that started it', () => {
  const server = surrounding('multiplexer', 100, { startTime: '5' });
  const agent = host(101, { labels, ppid: 100, startTime: '7' });
  const shell = surrounding('shell', 102, { ppid: 100, startTime: '9' });
  expect(gathered([server, agent, shell])).toEqual({ ...NOTHING, living: [101], bystanders: [100, 102] });
});

test('A multiplexer that the agent started is shared while another agent runs in it', () => {
  const root = host(100, { labels, startTime: '5' });
  const server = surrounding('multiplexer', 101, { startTime: '6' });
  const pane = host(102, { labels: ['a2'], ppid: 101, startTime: '7' });
  const own = host(103, { labels, ppid: 101, startTime: '7' });
  const processes = [root, server, pane, own];
  expect(gathered(processes)).toEqual({ ...NOTHING, living: [100, 103], shared: [[101, 'a2']] });
  const isBeingKilled = (agentId: string): boolean => agentId === 'a2';
  expect(new Set(gathered(processes, { isBeingKilled }).living)).toEqual(new Set([100, 101, 102, 103]));
});

test('A process that carries two IDs is shared as long as the other agent runs apart from it', () => {
  const daemon = host(100, { labels: ['a1', 'a2'], startTime: '5' });
  const own = host(101, { labels, startTime: '6' });
  const child = host(102, { ppid: 100, startTime: '6' });
  const other = host(103, { labels: ['a2'], startTime: '6' });
  expect(gathered([daemon, own, child, other])).toEqual({ ...NOTHING, living: [101], shared: [[100, 'a2']] });
  expect(gathered([daemon, own, child]).living).toEqual([101, 100, 102]);
  const dead = host(103, { labels: ['a2'], state: 'dead' });
  expect(gathered([daemon, dead]).living).toEqual([100]);
  // What it started itself under another ID is no other agent.
  const relabelled = host(104, { labels: ['a2'], ppid: 101 });
  expect(gathered([daemon, own, relabelled]).living).toEqual([101, 104, 100]);
  expect(gathered([host(105, { labels: ['a1', '../x'] }), host(106, { labels: ['../x'] })]).shared).toEqual(
    [],
  );
});

test('What was stopped ahead of all others and turns out to be shared goes on', async () => {
  const daemon = host(101, { labels: ['a1', 'a2'], ppid: 100 });
  const root = host(100, { labels });
  const other = host(103, { labels: ['a2'] });
  const signals: string[] = [];
  let all = [init, root, daemon, other];
  const table = tableWith({
    freezeTree: () => [root, daemon],
    snapshot: async () => createSnapshot(all),
    async signal(processes, signal) {
      signals.push(...processes.map(({ pid }) => `${signal} ${pid}`));
      if (signal === 'SIGKILL') all = all.filter(one => !processes.includes(one));
      return { sent: processes.length, denied: [] };
    },
  });
  const target = recordOf('a1', { pid: 100, startTime: '5' });
  const { members } = await killTree(table, target, atOnce());
  expect(signals).toEqual(['SIGCONT 101', 'SIGKILL 100']);
  expect(members.shared).toEqual([{ process: daemon, with: ['a2'] }]);
});

const memoryOf = (capacity?: number) => createMemory({ programOf: () => undefined }, capacity);

test('What was seen to descend from an agent is remembered when it has left it in every way', () => {
  const memory = memoryOf();
  const root = host(100, { labels });
  memory.note(createSnapshot([init, root, host(101, { ppid: 100 })]));
  const later = createSnapshot([init, host(101)]);
  const { living } = gather(later, 'a1', new Map(), memory.kinshipOf('a1'));
  expect(living.map(({ pid }) => pid)).toEqual([101]);
  // And what that one brings into the world then.
  memory.note(later);
  memory.note(createSnapshot([init, host(101), host(102, { ppid: 101 })]));
  const last = gather(createSnapshot([init, host(102)]), 'a1', new Map(), memory.kinshipOf('a1'));
  expect(last.living.map(({ pid }) => pid)).toEqual([102]);
});

test('A PID that was given anew, or that carries another agent’s ID by now, is not remembered', () => {
  const memory = memoryOf();
  memory.note(createSnapshot([init, host(100, { labels }), host(101, { ppid: 100 })]));
  const kinship = memory.kinshipOf('a1');
  const living = (process: HostProcess) =>
    gather(createSnapshot([init, process]), 'a1', new Map(), kinship).living;
  expect(living(host(101, { startTime: '6' }))).toEqual([]);
  expect(living(host(101, { labels: ['a2'] }))).toEqual([]);
  expect(living(host(101, { labels: ['no ID'] }))).toHaveLength(1);
});

test('An agent is known once it was seen, also when it is gone; one that was never seen is not', () => {
  const memory = memoryOf();
  memory.note(createSnapshot([init, host(100, { labels })]));
  memory.note(createSnapshot([init]));
  expect([memory.knows('a1'), memory.knows('a2')]).toEqual([true, false]);
  expect(memory.kinshipOf('a1')).toMatchObject({ seen: [], eldest: undefined });
  memory.met('a2', true);
  expect([memory.knows('a2'), memory.wasEnclosed('a2'), memory.wasEnclosed('a1')]).toEqual([
    true,
    true,
    false,
  ]);
});

test('The agent that was met longest ago is forgotten for a new one', () => {
  const memory = memoryOf(2);
  for (const agentId of ['a1', 'a2', 'a1', 'a3']) memory.met(agentId, false);
  expect(['a1', 'a2', 'a3'].map(memory.knows)).toEqual([true, false, true]);
});

test('What only inherited the variable is told apart in each look', () => {
  const program = { executable: '/usr/bin/tmux', called: 'tmux' };
  const memory = createMemory({ programOf: ({ pid }) => (pid === 100 ? program : undefined) });
  const server = host(100, { labels, command: 'tmux: server' });
  const pane = host(101, { labels, ppid: 100, startTime: '6' });
  const { carriers, isBystander } = memory.note(createSnapshot([init, server, pane]));
  expect([server, pane].map(one => isBystander(one, 'a1'))).toEqual([true, false]);
  expect(carriers).toEqual(new Map([['a1', [pane]]]));
});

test.each<[string, string | undefined, string | undefined, string, Kind | undefined]>([
  ['a server of tmux', 'tmux: server', '/usr/bin/tmux', 'tmux', 'multiplexer'],
  ['one whose file was replaced', 'tmux: server', '/usr/bin/tmux (deleted)', 'tmux', 'multiplexer'],
  ['one with its version', 'screen', '/usr/bin/screen-4.9.0', 'SCREEN', 'multiplexer'],
  ['a variant', 'vi', '/usr/bin/vim.basic', 'vi', 'editor'],
  ['a name that the kernel cut', 'gnome-terminal-', '/usr/libexec/gnome-terminal-server', 'x', 'terminal'],
  ['a name with a hyphen in it', 'sshd-session', '/usr/lib/openssh/sshd-session', 'sshd-session: u', 'login'],
  ['a login shell', 'bash', '/bin/bash', '-bash', 'shell'],
  ['another shell', 'bash', '/bin/bash', 'bash', undefined],
  ['another program under that name', 'tmux: server', '/home/agent/evil', 'tmux', undefined],
  ['another program', 'node', '/usr/bin/node', 'node', undefined],
  ['what cannot be seen', 'tmux: server', undefined, '', undefined],
  ['what has no name', undefined, '/usr/bin/tmux', 'tmux', undefined],
])('By its executable file, %s is known for what it is', (_, command, executable, called, kind) => {
  const program = executable === undefined ? undefined : { executable, called };
  expect(kindOf(host(100, { command }), () => program)).toBe(kind);
});

test('A shell that leads no session is no login shell', () => {
  const program = { executable: '/bin/bash', called: '-bash' };
  expect(kindOf(host(100, { command: 'bash', session: 99 }), () => program)).toBeUndefined();
});
