import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../lib/discovery/finding.js';
import { match } from '../../../lib/discovery/match.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { CLAUDE, CODEX, LABEL, NODE, process, VARIABLE, view } from './table.helper.js';

const find = (processes: readonly ProcessInfo[], self = 0): readonly Finding[] =>
  match(view(processes, self), { agentLabel: LABEL });
const claude = (pid: number, more: Partial<ProcessInfo> = {}) =>
  process({ pid, executable: CLAUDE, args: ['claude'], ...more });
const marked = (pid: number, parentPid: number, id: string) =>
  process({ pid, parentPid, environment: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: id } });

describe('a finding', () => {
  it('names the manager that started the agent: by process, by mark, or by where it works', () => {
    const managed = [
      process({ pid: 5, executable: '/home/ann/.vibe-kanban/bin/vibe-kanban' }),
      claude(10, { parentPid: 5, environment: { VK_WORKSPACE_ID: 'w' } }),
      claude(20, { environment: { CONDUCTOR_WORKSPACE_PATH: '/w' } }),
      claude(30, { workingDirectory: '/home/ann/.claude-squad/worktrees/x' }),
      claude(40, { workingDirectory: '/var/tmp/vibe-kanban/worktrees/x' }),
      claude(50, { workingDirectory: '/srv/app' }),
    ];
    expect(find(managed).map(({ evidence }) => evidence.slice(1))).toEqual([
      ['started by Vibe Kanban: process 5'],
      ['started by Conductor: CONDUCTOR_WORKSPACE_PATH is set'],
      ['started by Claude Squad: it works below ~/.claude-squad/worktrees/'],
      ['started by Vibe Kanban: it works below /var/tmp/vibe-kanban/worktrees/'],
      [],
    ]);
  });

  it('says which helpers it has, what lost its parent, and with whom it shares', () => {
    const codex = (pid: number, args: string[] = []) =>
      process({ pid, executable: CODEX, args: ['codex', ...args] });
    const [first] = find([codex(10), codex(11, ['app-server']), codex(20)]);
    expect(first).toMatchObject({
      evidence: [`executable ${CODEX}`, 'server 11'],
      sharedWith: ['codex-20-2000'],
    });
    const [stray] = find([claude(10), marked(11, 10, 's'), marked(20, 1, 's')]);
    expect(stray?.evidence).toContain('1 that lost their parent, by what they carry');
    expect(stray?.tree).toEqual({
      processes: 3,
      memoryBytes: 3_000_000,
      cpuMs: 30,
      oldest: '1970-01-01T00:00:10.000Z',
    });
  });

  it('says so where this command was started by the agent itself', () => {
    const [own] = find([claude(10), process({ pid: 11, parentPid: 10 })], 11);
    expect(own?.evidence).toContain('this command was started by it');
  });

  it('shows nothing invisible and no text of any length', () => {
    const [odd] = find([
      process({ pid: 10, executable: NODE, args: ['node', `/\u202e${'x'.repeat(300)}/bin/gemini`] }),
    ]);
    expect(odd?.evidence[0]).toMatch(/^script \/x+…$/);
    expect(odd?.evidence[0]).toHaveLength(160);
  });

  it('has the ID that the agent carries in the variable', () => {
    const labelled = [
      claude(10, { environment: { [VARIABLE]: 'a1' } }),
      claude(20, { environment: { [VARIABLE]: 'a1' } }),
    ];
    expect(find(labelled)).toMatchObject([
      { agentId: 'a1', detector: 'claude', adopted: true, tree: { processes: 2 } },
    ]);
    const plain = process({ pid: 10, environment: { [VARIABLE]: 'a1' } });
    expect(find([plain])).toMatchObject([
      { agentId: 'a1', detector: 'variable', evidence: [`${VARIABLE} is set`] },
    ]);
  });

  it('does not take an ID that a multiplexer passed on for the agent’s own', () => {
    const environment = { [VARIABLE]: 'a1' };
    const pane = [
      process({ pid: 5, executable: '/usr/bin/tmux', environment }),
      claude(10, { parentPid: 5, environment }),
    ];
    expect(find(pane)).toMatchObject([{ agentId: 'claude-10-1000', adopted: false }]);
  });

  it('gives the same session once, and the other one an ID by its process', () => {
    const twice = [claude(10), marked(11, 10, 's'), claude(20), marked(21, 20, 's')];
    expect(find(twice).map(({ agentId }) => agentId)).toEqual(['claude-s', 'claude-20-2000']);
  });

  it('of a server alone, of a home that is set, is no other one’s', () => {
    const server = (pid: number, home: string) =>
      process({ pid, executable: CODEX, args: ['codex', 'app-server'], environment: { CODEX_HOME: home } });
    const client = process({
      pid: 30,
      executable: CODEX,
      args: ['codex'],
      environment: { CODEX_HOME: '/srv/a' },
    });
    const all = [server(10, '/srv/a'), server(20, '/srv/b'), client, claude(40)];
    expect(find(all).map(({ pid }) => pid)).toEqual([20, 30, 40]);
  });

  it('leaves a session aside that makes no ID', () => {
    expect(find([claude(10), marked(11, 10, 'a b')])[0]).toMatchObject({
      agentId: 'claude-10-1000',
      session: 'a b',
    });
  });

  it('has an ID also where start times are dates in words', () => {
    expect(find([claude(10, { startTime: 'Sun Nov 22 10:00:00 2026' })])[0]?.agentId).toBe('claude-10-10000');
  });

  it('is there for a spare that has become a session, and for no idle one', () => {
    const spare = claude(10, { args: ['claude', '--bg-spare'] });
    expect(find([spare])).toEqual([]);
    expect(find([spare, marked(11, 10, 's')])).toMatchObject([{ agentId: 'claude-s' }]);
  });

  it('is not there for a manager, nor for what an interpreter is not given as its script', () => {
    expect(find([process({ pid: 10, executable: '/srv/runner/bin/Runner.Worker' })])).toEqual([]);
    const node = (args: string[]) => process({ pid: 10, executable: NODE, args: ['node', ...args] });
    expect(find([node([])])).toEqual([]);
    expect(find([node(['-e', '1'])])).toEqual([]);
    expect(find([node(['--require', '/usr/bin/gemini', 'x.js'])])).toEqual([]);
    expect(find([node(['--require', 'x.js', '/usr/bin/gemini'])])).toHaveLength(1);
    expect(find([process({ pid: 10, executable: '/usr/bin/python3', args: ['python3', '-m'] })])).toEqual([]);
  });

  it('is one for a wrapper whose main may not be seen yet', () => {
    expect(find([process({ pid: 10, executable: NODE, args: ['node', '/usr/bin/codex'] })])).toMatchObject([
      { pid: 10 },
    ]);
  });

  it('is one where a main started several of its kind', () => {
    expect(find([claude(10), claude(11, { parentPid: 10 }), claude(12, { parentPid: 10 })])).toMatchObject([
      { pid: 10, tree: { processes: 3 } },
    ]);
  });
});
