import { describe, expect, it } from 'vitest';
import { type Member, membersOf } from '../../../lib/discovery/members.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { CLAUDE, CODEX, MODULES, NODE, process, VARIABLE, view } from './table.helper.js';

const pinned = (pid: number) => ({ pid, startTime: String(pid * 100) });
const of = (processes: readonly ProcessInfo[], pid: number, more: object = {}, self = 0): readonly Member[] =>
  membersOf(view(processes, self), { ...pinned(pid), ...more }).members;
const shown = (members: readonly Member[]): string[] =>
  members.map(({ process: { pid }, as, by, sharedWith }) =>
    [pid, as, by, ...(sharedWith ? [`shared with ${sharedWith.map(one => one.pid)}`] : [])].join(' '),
  );
const claude = (pid: number, more: Partial<ProcessInfo> = {}) =>
  process({ pid, executable: CLAUDE, args: ['claude'], ...more });
const codex = (pid: number, args: readonly string[] = [], more: Partial<ProcessInfo> = {}) =>
  process({ pid, executable: CODEX, args: ['codex', ...args], ...more });
const session = (id: string) => ({ CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: id });
const tmux = (pid: number, more: Partial<ProcessInfo> = {}) =>
  process({ pid, executable: '/usr/bin/tmux', args: ['tmux', 'new', '-d'], ...more });

describe('the processes of an agent', () => {
  it('are all that descend from it, whatever they carry', () => {
    const tree = [claude(10), process({ pid: 11, parentPid: 10 }), process({ pid: 12, parentPid: 11 })];
    expect(shown(of(tree, 10))).toEqual(['10 main descent', '11 child descent', '12 child descent']);
  });

  it('are in the order in which they are to be stopped: the daemon, the host, the spare, the agent, its children', () => {
    const tree = [
      claude(10, { args: ['claude', 'daemon', 'run'] }),
      claude(11, { parentPid: 10, args: ['claude', '--bg-spare'] }),
      claude(12, { parentPid: 10, args: ['claude', '--bg-pty-host', 'x'] }),
      claude(13, { parentPid: 12 }),
      process({ pid: 14, parentPid: 13, environment: session('s') }),
    ];
    const members = of(tree, 13);
    expect(shown(members)).toEqual([
      '10 daemon role',
      '12 host role',
      '11 spare role',
      '13 main descent',
      '14 child descent',
    ]);
    expect(members[0]?.respawns).toBe(15_000);
  });

  it('name a daemon that other sessions need as shared with those', () => {
    const tree = [
      claude(10, { args: ['claude', 'daemon', 'run'] }),
      claude(11, { parentPid: 10, args: ['claude', '--bg-pty-host', 'a'] }),
      claude(12, { parentPid: 11 }),
      claude(13, { parentPid: 10, args: ['claude', '--bg-pty-host', 'b'] }),
      claude(14, { parentPid: 13 }),
    ];
    expect(shown(of(tree, 12))).toEqual(['10 daemon role shared with 14', '11 host role', '12 main descent']);
  });

  it('are no daemon where the agent was started in a terminal', () => {
    const tree = [claude(10, { args: ['claude', 'daemon', 'run'] }), claude(20)];
    expect(shown(of(tree, 20))).toEqual(['20 main descent']);
  });

  it('are the server of its home too, shared with all its clients, with what that started', () => {
    const tree = [
      codex(10),
      codex(11, ['app-server', '--managed-daemon'], { parentPid: 10 }),
      process({ pid: 12, parentPid: 11, environment: { CODEX_SESSION_ID: 'a' } }),
      codex(20),
      codex(30, [], { environment: { CODEX_HOME: '/srv/other' } }),
      codex(40, ['exec', 'go on']),
    ];
    const server = ['11 server role shared with 20', '10 main descent', '12 child descent shared with 20'];
    expect(shown(of(tree, 10))).toEqual(server);
    expect(shown(of(tree, 20))).toEqual([
      '11 server role shared with 10',
      '20 main descent',
      '12 child descent shared with 10',
    ]);
    expect(shown(of(tree, 30))).toEqual(['30 main descent']);
    expect(shown(of(tree, 40))).toEqual(['40 main descent']);
  });

  it('are what left the server with a session of its, shared with all its clients', () => {
    const tree = [
      codex(10),
      codex(11, ['app-server', '--managed-daemon'], { parentPid: 10 }),
      process({ pid: 12, parentPid: 11, environment: { CODEX_SESSION_ID: 'a' } }),
      codex(20),
      process({ pid: 50, environment: { CODEX_SESSION_ID: 'a' } }),
      process({ pid: 51, environment: { CODEX_SESSION_ID: 'b' } }),
    ];
    expect(shown(of(tree, 10))).toContain('50 child mark shared with 20');
    expect(shown(of(tree, 20))).toContain('50 child mark shared with 10');
    expect([...shown(of(tree, 10)), ...shown(of(tree, 20))].filter(one => one.startsWith('51'))).toEqual([]);
  });

  it('are all below it also in the pane of a multiplexer, whatever session they are in', () => {
    const tree = [
      tmux(5),
      claude(10, { parentPid: 5 }),
      process({ pid: 11, parentPid: 10, session: 10, environment: session('s') }),
      process({ pid: 12, parentPid: 11, session: 10, environment: session('s') }),
    ];
    expect(shown(of(tree, 10))).toEqual(['10 main descent', '11 child descent', '12 child descent']);
  });

  it('are of one background session alone, where each is a spare that has become one', () => {
    const spare = (pid: number, id: string) => [
      claude(pid, {
        ...{ parentPid: 10, args: ['claude', '--bg-spare'] },
        environment: { AI_AGENT: 'claude-code_2_harness' },
      }),
      process({
        ...{ pid: pid + 1, parentPid: pid },
        environment: { AI_AGENT: 'claude-code_2_agent', ...session(id) },
      }),
    ];
    const tree = [claude(10, { args: ['claude', 'daemon', 'run'] }), ...spare(20, 'a'), ...spare(30, 'b')];
    expect(shown(of(tree, 20))).toEqual([
      '10 daemon role shared with 30',
      '20 main descent',
      '21 child descent',
    ]);
    expect(shown(of(tree, 30))).toEqual([
      '10 daemon role shared with 20',
      '30 main descent',
      '31 child descent',
    ]);
  });

  it('are the server alone once its clients are gone', () => {
    const tree = [
      codex(11, ['app-server', '--managed-daemon']),
      process({ pid: 12, parentPid: 11, environment: { CODEX_SESSION_ID: 'a' } }),
    ];
    expect(shown(of(tree, 11))).toEqual(['11 main descent', '12 child descent']);
  });

  it('are a hub that outlives its clients', () => {
    const cline = (pid: number, args: string[]) =>
      process({ pid, executable: `${MODULES}/@cline/cli-linux-x64/bin/cline`, args: ['cline', ...args] });
    expect(shown(of([cline(10, ['go on']), cline(11, ['--cline-hub-daemon'])], 10))).toEqual([
      '11 hub role',
      '10 main descent',
    ]);
  });

  it('are what lost its parent and carries its session, with all below', () => {
    const tree = [
      claude(10),
      process({ pid: 11, parentPid: 10, environment: session('s') }),
      process({ pid: 20, environment: session('s') }),
      process({ pid: 21, parentPid: 20 }),
      process({ pid: 30, environment: session('other') }),
    ];
    expect(shown(of(tree, 10))).toEqual([
      '10 main descent',
      '11 child descent',
      '20 child mark',
      '21 child descent',
    ]);
  });

  it('are what lost its parent and carries the PID of the agent, where it started after it', () => {
    const carrier = (pid: number) => process({ pid, environment: { OPENCODE: '1', OPENCODE_PID: '20' } });
    const opencode = (pid: number) => process({ pid, executable: '/home/ann/.opencode/bin/opencode' });
    expect(shown(of([carrier(10), opencode(20), carrier(30), opencode(40)], 20))).toEqual([
      '20 main descent',
      '30 child mark',
    ]);
  });

  it('are not what another agent left that has ended, though only this one of the tool still runs', () => {
    const orphan = { CLAUDECODE: '1', CLAUDE_PID: '4' };
    const tree = [claude(10), process({ pid: 20, environment: orphan })];
    expect(shown(of(tree, 10))).toEqual(['10 main descent']);
    expect(
      shown(of([claude(10), process({ pid: 20, environment: { ...orphan, CLAUDE_PID: '10' } })], 10)),
    ).toEqual(['10 main descent', '20 child mark']);
  });

  it('are what lost its parent and carries the mark of a tool without sessions, if one agent of it runs alone', () => {
    const gemini = (pid: number, uid = 1_000) =>
      process({
        ...{ pid, uid, executable: NODE, args: ['node', '/usr/bin/gemini'] },
        environment: { GEMINI_CLI_NO_RELAUNCH: '1' },
      });
    const stray = process({ pid: 30, environment: { GEMINI_CLI: '1' } });
    expect(shown(of([gemini(10), gemini(11, 1_001), stray], 10))).toEqual([
      '10 main descent',
      '30 child mark',
    ]);
    expect(shown(of([gemini(10), gemini(20), stray], 10))).toEqual(['10 main descent']);
  });

  it('are what shares the session or the process group that one of them leads', () => {
    const tree = [
      claude(10),
      process({ pid: 11, parentPid: 10, session: 11, group: 11 }),
      process({ pid: 12, session: 11, group: 12 }),
      process({ pid: 13, parentPid: 11, session: 11, group: 13 }),
      process({ pid: 20, session: 20, group: 10 }),
      process({ pid: 21, parentPid: 5, session: 5, group: 11 }),
      process({ pid: 5, session: 5 }),
    ];
    expect(shown(of(tree, 10))).toEqual([
      '10 main descent',
      '11 child descent',
      '12 child session',
      '13 child descent',
      '20 child session',
    ]);
  });

  it('are all in the cgroup that it was given, and below', () => {
    const tree = [
      claude(10, { cgroup: '/killswitch.slice/a1' }),
      process({ pid: 20, cgroup: '/killswitch.slice/a1/sub' }),
      process({ pid: 21, cgroup: '/killswitch.slice/a12' }),
      process({ pid: 22 }),
    ];
    expect(shown(of(tree, 10, { cgroup: '/killswitch.slice/a1' }))).toEqual([
      '10 main descent',
      '20 child cgroup',
    ]);
    expect(shown(of(tree, 10, { cgroup: '/' }))).toEqual(['10 main descent']);
  });

  it('are those that were known before, once the agent itself has ended', () => {
    const tree = [process({ pid: 20 }), process({ pid: 21, parentPid: 20 }), process({ pid: 30 })];
    const known = [pinned(20), { pid: 30, startTime: 'of another' }, pinned(40)];
    expect(shown(of(tree, 10, { known }))).toEqual(['20 child known', '21 child descent']);
  });

  it('are never we ourselves, nor our ancestors', () => {
    const tree = [
      claude(10),
      process({ pid: 11, parentPid: 10 }),
      process({ pid: 12, parentPid: 11 }),
      process({ pid: 13, parentPid: 10 }),
    ];
    const { members, spared } = membersOf(view(tree, 12), pinned(10));
    expect(shown(members)).toEqual(['13 child descent']);
    expect(spared.map(({ pid }) => pid)).toEqual([10, 11, 12]);
  });

  it('are never another agent that merely inherited its session through a multiplexer', () => {
    const tree = [
      claude(10),
      process({ pid: 11, parentPid: 10, environment: session('s') }),
      tmux(20, { environment: session('s') }),
      process({
        pid: 21,
        parentPid: 20,
        executable: '/bin/bash',
        args: ['-bash'],
        environment: session('s'),
      }),
      claude(22, { parentPid: 21, environment: session('s') }),
      process({ pid: 23, parentPid: 22, environment: session('t') }),
    ];
    expect(shown(of(tree, 10))).toEqual(['10 main descent', '11 child descent']);
    expect(shown(of(tree, 22))).toEqual(['22 main descent', '23 child descent']);
  });

  it('are those of an agent of another tool that it started too, also where that lost its parent', () => {
    const tree = [
      claude(10),
      process({ pid: 11, parentPid: 10, environment: session('s') }),
      codex(12, ['exec'], { parentPid: 11, environment: session('s') }),
      codex(20, ['exec'], { environment: session('s') }),
      process({ pid: 21, parentPid: 20, environment: { ...session('s'), CODEX_SESSION_ID: 'c' } }),
      process({ pid: 30, environment: { CODEX_SESSION_ID: 'c' } }),
    ];
    expect(of(tree, 10).map(({ process: { pid } }) => pid)).toEqual([10, 11, 12, 20, 21, 30]);
  });

  it('are what carries the ID of an agent in the variable', () => {
    const labelled = { [VARIABLE]: 'a1' };
    const tree = [
      process({ pid: 10, environment: labelled }),
      process({ pid: 11, parentPid: 10, environment: labelled }),
      process({ pid: 20, environment: labelled }),
      process({ pid: 30, environment: { [VARIABLE]: 'not an ID' } }),
    ];
    expect(shown(of(tree, 10))).toEqual(['10 main descent', '11 child descent', '20 child mark']);
  });
});
