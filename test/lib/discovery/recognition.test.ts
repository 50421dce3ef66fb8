import { describe, expect, it } from 'vitest';
import { detectors } from '../../../lib/discovery/detectors/index.js';
import {
  createRecognition,
  type RecognitionOptions,
  recognitionOn,
} from '../../../lib/discovery/recognition.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import type { FoundAgent, Recognized } from '../../../lib/ports/recognition.js';
import { CLAUDE, CODEX, listing, MODULES, NODE, process, VARIABLE } from './table.helper.js';

const agent = (pid: number, members: Partial<FoundAgent> = {}): FoundAgent => ({
  agentId: `claude-${pid}-${pid * 100}`,
  detector: 'claude',
  main: { pid, startTime: String(pid * 100) },
  ...members,
});

const recognize = (
  sought: FoundAgent,
  processes: readonly ProcessInfo[],
  { self = 0, ...options }: Partial<RecognitionOptions> & { readonly self?: number } = {},
): Promise<Recognized> =>
  createRecognition({ detectors, agentVariable: VARIABLE, ...options }).recognize(
    sought,
    listing(processes, self),
  );

const pids = ({ members }: Recognized): number[] => members.map(({ pid }) => pid);
const claude = (pid: number, members: Partial<ProcessInfo> = {}): ProcessInfo =>
  process({ pid, executable: CLAUDE, args: ['claude'], ...members });
const tool = (pid: number, session: string, members: Partial<ProcessInfo> = {}): ProcessInfo =>
  process({ pid, environment: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: session }, ...members });

describe('what recognises the processes of an agent that was found', () => {
  it('asks for the variables that detectors look at, and knows detectors of processes by name', () => {
    const { variables, knows } = createRecognition({ detectors, agentVariable: VARIABLE });
    expect(variables).toEqual(expect.arrayContaining([VARIABLE, 'CLAUDE_CODE_SESSION_ID', 'HOME']));
    expect(['claude', 'codex', 'variable', 'openhands-in-docker'].map(knows)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('calls the others that need a process by the sessions that their tool wrote down', async () => {
    const noted: Record<string, string> = {
      '/home/ann/.claude/sessions/14.json': JSON.stringify({ sessionId: 's-14', procStart: '1400' }),
    };
    const files = { text: async (path: string) => noted[path], names: async () => [] };
    const daemon = claude(10, { args: ['claude', 'daemon', 'run'] });
    const host = (pid: number) =>
      claude(pid, { parentPid: 10, args: ['claude', '--bg-pty-host', String(pid)] });
    const processes = [
      daemon,
      host(11),
      claude(12, { parentPid: 11 }),
      host(13),
      claude(14, { parentPid: 13 }),
    ];
    const { members } = await recognitionOn(VARIABLE)(files).recognize(agent(12), listing(processes));
    expect(members[0]).toMatchObject({ pid: 10, sharedWith: [{ pid: 14, agentId: 'claude-s-14' }] });
  });

  it('gives the wrapper, the main, what they started and what lost its parent, in the order of their stop', async () => {
    const found = await recognize(agent(11), [
      process({ pid: 5, executable: '/usr/bin/bash', args: ['-bash'] }),
      process({ pid: 10, parentPid: 5, executable: NODE, args: ['node', `${MODULES}/.bin/claude`] }),
      claude(11, { parentPid: 10 }),
      tool(12, 's-1', { parentPid: 11 }),
      tool(13, 's-1'),
      tool(14, 's-2'),
    ]);
    expect(found).toMatchObject({ main: 'here', session: 's-1', tool: 'Claude Code', spared: [] });
    expect(found.members.map(({ pid, as }) => `${as} ${pid}`)).toEqual([
      'wrapper 10',
      'main 11',
      'child 12',
      'child 13',
    ]);
  });

  it('takes nothing that is another boot’s, or another process’s by now', async () => {
    const sought = agent(10, { main: { pid: 10, startTime: '1000', bootId: 'b-1' } });
    const table = createRecognition({ detectors, agentVariable: VARIABLE });
    const again = { ...listing([claude(10)]), bootId: 'b-2' };
    expect(await table.recognize(sought, again)).toMatchObject({ main: 'gone', members: [] });
    expect(await table.recognize(sought, { ...again, bootId: 'b-1' })).toMatchObject({ main: 'here' });
    expect(await recognize(sought, [claude(10)])).toMatchObject({ main: 'here' });
    const other = agent(10, { main: { pid: 10, startTime: '7' } });
    expect(await recognize(other, [claude(10)])).toMatchObject({ main: 'gone', members: [] });
  });

  it('gives nothing of a process that no longer is what the tool is known by', async () => {
    const now = process({ pid: 10, executable: '/usr/bin/vim', args: ['vim', 'claude'] });
    const child = process({ pid: 11, parentPid: 10 });
    expect(await recognize(agent(10), [now, child])).toMatchObject({ main: 'unmatched', members: [] });
    expect(await recognize(agent(10), [claude(10, { args: ['claude', '--help'] })])).toMatchObject({
      main: 'unmatched',
    });
  });

  it('keeps what it recognised before, whatever it runs by now', async () => {
    const now = process({ pid: 10, executable: '/usr/bin/sleep', args: ['sleep', '9'], cgroup: '/k/a1' });
    const known = [{ pid: 10, startTime: '1000' }];
    expect(await recognize(agent(10, { known }), [now])).toMatchObject({ main: 'here' });
    expect(pids(await recognize(agent(10, { cgroup: '/k/a1' }), [now]))).toEqual([10]);
  });

  it('says of a process that may not be read that it may not be read', async () => {
    const { executable: _, ...hidden } = process({ pid: 10, args: [], isReadable: false });
    expect(await recognize(agent(10), [hidden])).toMatchObject({ main: 'unreadable', members: [] });
  });

  it('spares this process and what it descends from', async () => {
    const found = await recognize(
      agent(10),
      [claude(10), process({ pid: 11, parentPid: 10 }), process({ pid: 12, parentPid: 11 })],
      { self: 12 },
    );
    expect(found).toMatchObject({ main: 'here', members: [] });
    expect(found.spared.map(({ pid }) => pid).sort()).toEqual([10, 11, 12]);
  });

  it('finds in its cgroup what cleared its environment, but no other agent that runs there', async () => {
    const inside = { cgroup: '/k/a1' };
    const found = await recognize(agent(10, inside), [
      claude(10, inside),
      process({ pid: 20, ...inside }),
      process({ pid: 30, executable: '/usr/bin/tmux', args: ['tmux', 'new'], ...inside }),
      claude(31, { parentPid: 30, ...inside }),
      process({ pid: 32, parentPid: 31, ...inside }),
    ]);
    expect(pids(found)).toEqual([10, 20, 30]);
  });

  it('leaves alone engines, databases and keepers of containers that only carry its marks', async () => {
    const found = await recognize(agent(10), [
      claude(10),
      tool(11, 's-1', { parentPid: 10 }),
      tool(12, 's-1', { executable: '/usr/lib/postgresql/15/bin/postgres' }),
      tool(13, 's-1', { executable: '/usr/lib/postgresql/15/bin/postgres', parentPid: 12 }),
      tool(14, 's-1', { executable: '/usr/bin/dockerd' }),
      tool(15, 's-1', { executable: '/usr/bin/containerd-shim-runc-v2' }),
    ]);
    expect(pids(found)).toEqual([10, 11]);
  });

  it('takes what runs as root by its marks only where no other agent can have started it', async () => {
    const daemon = process({ pid: 20, uid: 0, environment: { CLAUDECODE: '1' } });
    expect(pids(await recognize(agent(10), [claude(10), daemon]))).toEqual([10, 20]);
    const other = claude(11, { uid: 2_000 });
    expect(pids(await recognize(agent(10), [claude(10), other, daemon]))).toEqual([10]);
  });

  describe('of which a process serves others too', () => {
    const server = process({ pid: 20, executable: CODEX, args: ['codex', 'app-server', '--managed-daemon'] });
    const client = (pid: number): ProcessInfo => process({ pid, executable: CODEX, args: ['codex'] });
    const codex = (pid: number): FoundAgent => ({ ...agent(pid), detector: 'codex' });

    it('names them by the IDs that they have', async () => {
      const child = process({ pid: 22, parentPid: 21, environment: { CODEX_SESSION_ID: 'c-2' } });
      const found = await recognize(codex(10), [client(10), server, client(21), child, client(30)], {
        sessionOf: async ({ main }) => (main.pid === 30 ? 'c-3' : undefined),
      });
      const [first] = found.members;
      expect(first).toMatchObject({ pid: 20, as: 'server' });
      expect(first?.sharedWith?.map(({ agentId, pid }) => `${agentId} ${pid}`)).toEqual([
        'codex-c-2 21',
        'codex-c-3 30',
      ]);
    });

    it('knows it when the agent has ended, and that others still need it', async () => {
      const known = [{ pid: 20, startTime: '2000' }];
      const child = process({ pid: 25, parentPid: 20 });
      const others = await recognize({ ...codex(10), known }, [server, child, client(21)]);
      expect(others.members.map(({ pid, sharedWith }) => [pid, sharedWith?.map(one => one.pid)])).toEqual([
        [20, [21]],
        [25, [21]],
      ]);
      const alone = await recognize({ ...codex(10), known }, [server, child]);
      expect(alone.members.map(({ sharedWith }) => sharedWith)).toEqual([undefined, undefined]);
    });

    it('knows that others need it where it is recorded as the agent’s by itself', async () => {
      const found = await recognize(codex(20), [server, client(21)]);
      expect(found.members).toMatchObject([{ pid: 20, as: 'server', sharedWith: [{ pid: 21 }] }]);
    });

    it('counts it as the agent’s alone where no other needs it any more', async () => {
      const { members } = await recognize(codex(10), [client(10), server]);
      expect(members.map(({ sharedWith }) => sharedWith)).toEqual([undefined, undefined]);
    });
  });

  describe('that was stopped', () => {
    const stopped = agent(10, { agentId: 'claude-s-1', stoppedSince: 50_000 });

    it.each([
      ['by its arguments', [claude(60, { args: ['claude', '--resume', 's-1'] })]],
      [
        'by an option of its wrapper',
        [process({ pid: 60, executable: NODE, args: ['node', `${MODULES}/.bin/claude`, '--resume=s-1'] })],
      ],
      ['by what it starts', [claude(60), tool(61, 's-1', { parentPid: 60 })]],
    ])('knows it when it has come back with its session: %s', async (_, processes) => {
      const found = await recognize(stopped, processes);
      expect(found.main).toBe('gone');
      expect(pids(found)).toEqual(processes.map(({ pid }) => pid));
    });

    it.each([
      ['another session', agent(10, { ...stopped }), claude(60, { args: ['claude', '--resume', 's-2'] })],
      ['what ran before it', agent(10, { ...stopped }), claude(40, { args: ['claude', '--resume', 's-1'] })],
      ['anything where it had no session', agent(10, { stoppedSince: 1 }), claude(60)],
      [
        'anything before its stop',
        agent(10, { agentId: 'claude-s-1' }),
        claude(60, { args: ['claude', 's-1'] }),
      ],
      [
        'another tool',
        agent(10, { ...stopped }),
        process({ pid: 60, executable: CODEX, args: ['codex', 's-1'] }),
      ],
    ])('does not take %s for it', async (_, sought, other) => {
      expect(await recognize(sought, [other])).toMatchObject({ main: 'gone', members: [] });
    });

    it('is told by what a daemon says that may start it again', async () => {
      const daemon = process({ pid: 9, executable: CLAUDE, args: ['claude', 'daemon', 'run'] });
      const { members } = await recognize(agent(11), [
        daemon,
        process({ pid: 10, parentPid: 9, executable: CLAUDE, args: ['claude', '--bg-pty-host'] }),
        claude(11, { parentPid: 10 }),
      ]);
      expect(members.map(({ as, respawns }) => [as, respawns])).toEqual([
        ['daemon', 15_000],
        ['host', undefined],
        ['main', undefined],
      ]);
      const known = [{ pid: 9, startTime: '900' }];
      const ended = await recognize(agent(11, { known }), [daemon]);
      expect(ended.members).toEqual([{ pid: 9, startTime: '900', as: 'daemon', respawns: 15_000 }]);
    });
  });
});
