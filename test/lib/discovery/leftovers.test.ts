import { describe, expect, it } from 'vitest';
import { detectors } from '../../../lib/discovery/detectors/index.js';
import { viewOf } from '../../../lib/discovery/host-view.js';
import { type LeftoverOptions, type Leftovers, leftoversIn } from '../../../lib/discovery/leftovers.js';
import type { RecordedAgent } from '../../../lib/discovery/living.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { CLAUDE, CODEX, listing, MODULES, NODE, process, VARIABLE, view } from './table.helper.js';

const NOW = 10_000_000;
type Given = Partial<Omit<LeftoverOptions, 'recordOf'>> & {
  readonly self?: number;
  readonly records?: Readonly<Record<string, RecordedAgent>>;
};

const look = (
  processes: readonly ProcessInfo[],
  { self = 0, records = {}, ...options }: Given = {},
): Leftovers =>
  leftoversIn(view(processes, self), {
    now: NOW,
    olderThan: 60_000,
    recordOf: id => records[id],
    ...options,
  });
const pidsIn = ({ leftovers }: Leftovers): number[] =>
  leftovers.flatMap(({ processes }) => processes.map(({ pid }) => pid));

const marked = (session: string, main?: number) => ({
  CLAUDECODE: '1',
  CLAUDE_CODE_SESSION_ID: session,
  ...(main !== undefined && { CLAUDE_PID: String(main) }),
});
const orphan = process({ pid: 50, executable: '/usr/bin/node', environment: marked('s-1', 10) });
const claude = (pid: number) => process({ pid, executable: CLAUDE, args: ['claude'] });
const ended = { a1: { status: 'completed' } } as const;

describe('what an ended agent left', () => {
  it('is what carries the marks of a main that is gone, with all below it', () => {
    const child = process({ pid: 51, parentPid: 50, executable: '/usr/bin/sh', memoryBytes: 5 });
    expect(look([child, orphan])).toEqual({
      leftovers: [
        {
          agentId: 'claude-s-1',
          detector: 'claude',
          evidence: ['it carries the marks of Claude Code, and process 10 has ended'],
          processes: [
            {
              pid: 50,
              startTime: '5000',
              program: 'node',
              memoryBytes: 1_000_000,
              startedAt: '1970-01-01T00:00:50.000Z',
            },
            {
              pid: 51,
              startTime: '5100',
              program: 'sh',
              memoryBytes: 5,
              startedAt: '1970-01-01T00:00:51.000Z',
            },
          ],
          memoryBytes: 1_000_005,
          oldest: '1970-01-01T00:00:50.000Z',
        },
      ],
      young: 0,
      unsure: 0,
    });
  });

  it('is gathered by agent, the one that holds most memory first', () => {
    const other = process({ pid: 60, environment: marked('s-2', 11), memoryBytes: 9_000_000 });
    const found = look([orphan, process({ ...orphan, pid: 55 }), other]);
    expect(found.leftovers.map(({ agentId, processes }) => [agentId, processes.length])).toEqual([
      ['claude-s-2', 1],
      ['claude-s-1', 2],
    ]);
  });

  it('is an MCP server that a user’s systemd took over, which knows no PID but a session', () => {
    const manager = process({ pid: 5, executable: '/usr/lib/systemd/systemd' });
    const mcp = process({ pid: 50, parentPid: 5, environment: marked('s-1') });
    expect(look([manager, mcp]).leftovers).toMatchObject([
      {
        agentId: 'claude-s-1',
        evidence: ['it carries the marks of Claude Code, and no agent has its session'],
      },
    ]);
  });

  it('is told by the tool alone where nothing tells its agents apart', () => {
    const gemini = process({ pid: 50, environment: { GEMINI_CLI: '1' } });
    expect(look([gemini]).leftovers).toMatchObject([
      { agentId: 'gemini', evidence: ['it carries the marks of Gemini CLI, and no Gemini CLI runs'] },
    ]);
    const opencode = process({ pid: 50, environment: { OPENCODE: '1', OPENCODE_PID: '10' } });
    const peers = [20, 21].map(pid =>
      process({ pid, executable: `${MODULES}/opencode-ai/bin/opencode.exe` }),
    );
    expect(look([...peers, opencode]).leftovers).toMatchObject([{ agentId: 'opencode-10' }]);
    const odd = process({ pid: 50, environment: marked('; rm -rf /', 10) });
    expect(look([odd]).leftovers).toMatchObject([{ agentId: 'claude' }]);
  });

  it('is what has an ended agent’s ID, by its variable, its parent or its cgroup', () => {
    const carrier = process({ pid: 50, parentPid: 20, environment: { [VARIABLE]: 'a1' } });
    const processes = [
      process({ pid: 20, executable: '/usr/bin/python3' }),
      carrier,
      process({ pid: 51, parentPid: 50 }),
      process({ pid: 52, cgroup: '/killswitch.slice/killswitch@a1' }),
      process({ pid: 53, cgroup: '/killswitch.slice/killswitch@a2' }),
    ];
    const found = look(processes, { records: ended });
    expect(found.leftovers).toMatchObject([
      { agentId: 'a1', status: 'completed', evidence: ['its record says completed'] },
    ]);
    expect(pidsIn(found)).toEqual([50, 51, 52]);
  });

  it('is what an active agent’s main left, although no orchestrator has said so yet', () => {
    const carriers = [
      process({ pid: 50, environment: { [VARIABLE]: 'a1' } }),
      process({ pid: 51, parentPid: 50 }),
    ];
    const records = { a1: { status: 'running', main: { pid: 40, startTime: '4000' } } } as const;
    expect(look(carriers, { records }).leftovers).toMatchObject([
      { status: 'running', evidence: ['its record says running, but its main process has ended'] },
    ]);
    const main = process({ pid: 40 });
    const kept = process({ pid: 60, parentPid: 30, environment: { [VARIABLE]: 'a1' } });
    const tool = process({ ...claude(61), environment: { [VARIABLE]: 'a1' } });
    for (const one of [main, kept, tool]) expect(look([...carriers, one], { records }).leftovers).toEqual([]);
    expect(look(carriers, { records: { a1: { status: 'running' } } }).leftovers).toEqual([]);
  });

  it('is old enough, and of a known age', () => {
    const tree = [orphan, process({ pid: 51, parentPid: 50 })];
    expect(look(tree, { now: 109_999 })).toEqual({ leftovers: [], young: 2, unsure: 0 });
    expect(pidsIn(look(tree, { now: 110_000 }))).toEqual([50, 51]);
    const { startedAt: _, ...timeless } = orphan;
    expect(look([timeless])).toMatchObject({ young: 1 });
    const [found] = look([timeless], { olderThan: 0 }).leftovers;
    expect(found).not.toHaveProperty('oldest');
    expect(found?.processes[0]).not.toHaveProperty('startedAt');
  });
});

describe('an agent that runs keeps', () => {
  it('what its PID or its session is on', () => {
    expect(look([claude(10), orphan]).leftovers).toEqual([]);
    const resumed = [claude(60), process({ pid: 61, parentPid: 60, environment: marked('s-1', 60) })];
    expect(look([orphan, ...resumed])).toEqual({ leftovers: [], young: 0, unsure: 1 });
    expect(pidsIn(look([orphan, claude(60)], { sessionOf: () => 's-2' }))).toEqual([50]);
    expect(look([orphan, claude(60)], { sessionOf: () => 's-1' })).toMatchObject({ unsure: 1 });
    expect(look([orphan, claude(60)])).toMatchObject({ leftovers: [], unsure: 1 });
  });

  it('what it is asked to go on with by its arguments', () => {
    const going = { ...claude(60), args: ['claude', '--resume=s-1'] };
    expect(look([orphan, going], { sessionOf: () => 's-2' })).toMatchObject({ leftovers: [], unsure: 1 });
  });

  it('what an older one of the tool may have started in a session before', () => {
    const left = process({ pid: 50, environment: { CODEX_SESSION_ID: 'c-1' } });
    const codex = (pid: number) => process({ pid, executable: CODEX, args: ['codex'] });
    expect(look([codex(10), codex(11), left], { sessionOf: () => 'c-2' })).toMatchObject({
      leftovers: [],
      unsure: 1,
    });
    expect(pidsIn(look([left, codex(60)], { sessionOf: () => 'c-2' }))).toEqual([50]);
  });

  it('the session of a main below its wrapper', () => {
    const left = process({ pid: 50, environment: { CODEX_SESSION_ID: 'c-1' } });
    const wrapper = process({ pid: 60, executable: NODE, args: ['node', `${MODULES}/.bin/codex`] });
    const main = process({ pid: 61, parentPid: 60, executable: CODEX, args: ['codex'] });
    expect(pidsIn(look([left, wrapper, main], { sessionOf: () => 'c-2' }))).toEqual([50]);
  });

  it('what another tool’s ended agent left, where it carries the marks of both', () => {
    const both = process({ pid: 50, environment: { ...marked('s-1', 10), GEMINI_CLI: '1' } });
    const gemini = process({ pid: 20, executable: NODE, args: ['node', `${MODULES}/.bin/gemini`] });
    const second = process({ pid: 21, executable: NODE, args: ['node', `${MODULES}/.bin/gemini`] });
    expect(look([gemini, second, both])).toMatchObject({ leftovers: [], unsure: 1 });
  });

  it('what it descends from, also of an ended one', () => {
    const loop = process({ pid: 50, environment: marked('s-1', 10) });
    expect(pidsIn(look([loop, process({ ...claude(60), parentPid: 50 })]))).toEqual([]);
    const outer = process({ pid: 50, environment: { [VARIABLE]: 'a1' } });
    const inner = process({ pid: 51, parentPid: 50, environment: { [VARIABLE]: 'a2' } });
    expect(look([outer, inner], { records: ended }).leftovers).toEqual([]);
  });

  it('what carries its ID where no record says that it has ended', () => {
    const carrier = process({ pid: 50, environment: { ...marked('s-1', 10), [VARIABLE]: 'a9' } });
    expect(look([carrier])).toEqual({ leftovers: [], young: 0, unsure: 0 });
    const enclosed = process({ ...orphan, cgroup: '/killswitch.slice/killswitch@a9' });
    expect(look([enclosed])).toEqual({ leftovers: [], young: 0, unsure: 0 });
    const foreign = process({ pid: 50, cgroup: '/killswitch.slice/killswitch@a1@drill' });
    expect(look([foreign], { records: ended }).leftovers).toEqual([]);
  });
});

describe('never left behind is', () => {
  const pane = { environment: marked('s-1', 10) };
  const bystanders: Record<string, readonly ProcessInfo[]> = {
    'a multiplexer, and what runs in it': [
      process({ pid: 50, executable: '/usr/bin/tmux', ...pane }),
      process({ pid: 51, parentPid: 50, executable: '/usr/bin/bash', args: ['-bash'], ...pane }),
      process({ pid: 52, parentPid: 51, ...pane }),
    ],
    'an editor': [process({ pid: 50, executable: '/usr/bin/vim', ...pane })],
    'a login': [process({ pid: 50, executable: '/usr/sbin/sshd', ...pane })],
    'a database': [process({ pid: 50, executable: '/usr/bin/redis-server', ...pane })],
    'what a person started with the marks': [
      process({ pid: 40, executable: '/usr/bin/bash' }),
      process({ pid: 50, parentPid: 40, ...pane }),
    ],
    'what only inherited them from what took it over': [
      process({ pid: 40, executable: '/usr/lib/systemd/systemd', ...pane }),
      process({ pid: 50, parentPid: 40, ...pane }),
    ],
    'what only inherited an ID from it': [
      process({ pid: 40, executable: '/usr/lib/systemd/systemd', environment: { [VARIABLE]: 'a1' } }),
      process({ pid: 50, parentPid: 40, environment: { [VARIABLE]: 'a1' } }),
    ],
    'what a manager of agents marks': [process({ pid: 50, environment: { VK_WORKSPACE_ID: '1' } })],
    'what carries a variable that many programs set': [
      process({ pid: 50, environment: { AGENT_SESSION_ID: 'x' } }),
    ],
    'what runs in a container': [
      process({ pid: 50, cgroup: `/docker/${'a'.repeat(64)}`, ...pane }),
      process({ pid: 60, executable: '/usr/bin/containerd-shim-runc-v2' }),
      process({ pid: 61, parentPid: 60, environment: { [VARIABLE]: 'a1' } }),
    ],
    'what carries nothing': [process({ pid: 50 })],
  };
  it.each(Object.entries(bystanders))('%s', (_, processes) => {
    expect(pidsIn(look(processes, { records: ended }))).toEqual([]);
  });

  it('where people work below it', () => {
    const tmux = process({ pid: 51, parentPid: 50, executable: '/usr/bin/tmux' });
    const shell = process({ pid: 52, parentPid: 51 });
    expect(pidsIn(look([orphan, tmux, shell]))).toEqual([50]);
    const inCgroup = { cgroup: '/killswitch.slice/killswitch@a1' };
    const panes = [process({ ...tmux, ...inCgroup, parentPid: 1 }), process({ ...shell, ...inCgroup })];
    expect(pidsIn(look(panes, { records: ended }))).toEqual([]);
  });

  it('this process and what it descends from', () => {
    const us = process({ pid: 51, parentPid: 50 });
    expect(look([orphan, us], { self: 51 }).leftovers).toEqual([]);
  });

  it('a process of another container than ours; of ours it is', () => {
    const cgroup = `/docker/${'a'.repeat(64)}`;
    const inside = [process({ ...orphan, cgroup }), process({ pid: 70, cgroup })];
    expect(pidsIn(look(inside, { self: 70 }))).toEqual([50]);
    expect(pidsIn(look(inside))).toEqual([]);
  });
});

it('ends where parents go round in a circle', () => {
  const circle = [process({ pid: 50, parentPid: 51 }), process({ pid: 51, parentPid: 50 })];
  expect(pidsIn(look(circle))).toEqual([]);
});

it('shows nothing invisible of what a process wrote', () => {
  const left = { ...orphan, executable: '/tmp/ev\u202eil' };
  expect(look([left]).leftovers[0]?.processes[0]?.program).toBe('evil');
  const { executable: _, ...nameless } = orphan;
  const found = leftoversIn(viewOf(listing([nameless]), detectors, VARIABLE), {
    now: NOW,
    olderThan: 0,
    recordOf: () => undefined,
  });
  expect(found.leftovers[0]?.processes[0]?.program).toBe('?');
});
