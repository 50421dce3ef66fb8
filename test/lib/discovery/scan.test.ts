import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkoutOf } from '../../../lib/discovery/checkout.js';
import { scanHost } from '../../../lib/discovery/scan.js';
import { scanFor } from '../../../lib/discovery/scan-for.js';
import type { ContainerInfo } from '../../../lib/ports/containers.js';
import type { HostFiles } from '../../../lib/ports/host-files.js';
import type { ProcessInfo } from '../../../lib/ports/process-table.js';
import { actorWith, holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';
import { CLAUDE, LABEL, listing, MODULES, process, VARIABLE } from './table.helper.js';

/** A disk with these files; a directory is there where a file is below it. */
const disk = (files: Readonly<Record<string, string>> = {}): HostFiles => ({
  text: async path => files[path],
  names: async path => [
    ...new Set(
      Object.keys(files)
        .filter(one => one.startsWith(`${path.replace(/\/$/, '')}/`))
        .map(one => one.slice(path.replace(/\/$/, '').length + 1).split('/', 1)[0] ?? ''),
    ),
  ],
});

const container = (more: Partial<ContainerInfo>): ContainerInfo => ({
  ...{ id: 'c'.repeat(64), name: 'web', labels: {}, image: 'nginx', command: 'nginx', startedAt: 5_000 },
  ...more,
});

interface Host {
  readonly processes?: readonly ProcessInfo[];
  readonly containers?: readonly ContainerInfo[] | Error;
  readonly files?: Readonly<Record<string, string>>;
}
const scan = ({ processes = [], containers = [], files = {} }: Host) =>
  scanHost({
    table: { list: async () => listing(processes) },
    files: disk(files),
    containers: [
      { running: async () => (containers instanceof Error ? Promise.reject(containers) : containers) },
    ],
    agentVariable: VARIABLE,
    agentLabel: LABEL,
  });
const claude = process({
  pid: 10,
  executable: CLAUDE,
  args: ['claude'],
  workingDirectory: '/srv/worktrees/a1/src',
});

describe('a scan of this host', () => {
  it('asks the table for the variables that detectors look at, and for no other', async () => {
    const asked: string[][] = [];
    await scanHost({
      table: {
        list: async variables => {
          asked.push([...variables]);
          return listing([]);
        },
      },
      ...{ files: disk(), containers: [], agentVariable: VARIABLE, agentLabel: LABEL },
    });
    expect(asked[0]).toEqual(
      expect.arrayContaining(['HOME', VARIABLE, 'CLAUDE_CODE_SESSION_ID', 'CLAUDE_PID', 'CODEX_HOME']),
    );
    expect(asked[0]?.filter(name => /TOKEN|KEY|SECRET|PASS/.test(name))).toEqual([]);
  });

  it('takes the session that the tool wrote down, and finds the worktree', async () => {
    const files = {
      '/home/ann/.claude/sessions/10.json': '{"sessionId":"s-9","procStart":"1000"}',
      '/srv/worktrees/a1/.git': 'gitdir: /srv/repos/app/.git/worktrees/a1\n',
    };
    const { findings } = await scan({ processes: [claude], files });
    expect(findings).toMatchObject([
      { agentId: 'claude-s-9', session: 's-9', worktree: '/srv/worktrees/a1', repository: '/srv/repos/app' },
    ]);
  });

  it.each([
    ['is of an earlier process with that PID', '{"sessionId":"s-9","procStart":"999"}'],
    ['is not JSON', '{'],
    ['holds no object', '7'],
    ['holds no session', '{"procStart":"1000"}'],
    ['holds what is no ID', '{"sessionId":"../../etc","procStart":"1000"}'],
  ])('leaves a file aside that %s', async (_, text) => {
    const { findings } = await scan({
      processes: [claude],
      files: { '/home/ann/.claude/sessions/10.json': text },
    });
    expect(findings[0]?.agentId).toBe('claude-10-1000');
  });

  it('takes the session from the path of a file where the tool puts it there', async () => {
    const copilot = process({ pid: 10, executable: `${MODULES}/@github/copilot-linux-x64/copilot` });
    const files = {
      '/home/ann/.copilot/session-state/p-1/inuse.9.lock': '',
      '/home/ann/.copilot/session-state/p-2/inuse.10.lock': '',
    };
    expect((await scan({ processes: [copilot], files })).findings[0]?.agentId).toBe('copilot-p-2');
  });

  it('takes the session of a file that holds the PID', async () => {
    const cline = process({ pid: 10, executable: `${MODULES}/@cline/cli-linux-x64/bin/cline` });
    const files = {
      '/home/ann/.cline/data/sessions/c-1/c-1.json': '{"pid":9}',
      '/home/ann/.cline/data/sessions/c-2/c-2.json': '{"pid":10}',
      '/home/ann/.cline/data/sessions/c-3/c-3.json': 'null',
    };
    expect((await scan({ processes: [cline], files })).findings[0]?.agentId).toBe('cline-c-2');
    expect((await scan({ processes: [cline] })).findings[0]?.agentId).toBe('cline-10-1000');
  });

  it('looks where the tool’s own variable says', async () => {
    const moved = process({ ...claude, environment: { CLAUDE_CONFIG_DIR: '/srv/claude' } });
    const files = { '/srv/claude/sessions/10.json': '{"sessionId":"s-9","procStart":"1000"}' };
    expect((await scan({ processes: [moved], files })).findings[0]?.session).toBe('s-9');
  });

  it('looks in no folder that depends on where this process works', async () => {
    const odd = process({ ...claude, environment: { CLAUDE_CONFIG_DIR: 'here' } });
    const files = { 'here/sessions/10.json': '{"sessionId":"s-9","procStart":"1000"}' };
    expect((await scan({ processes: [odd], files })).findings[0]?.agentId).toBe('claude-10-1000');
  });

  it('does not wait for a disk that hangs', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const hanging = new Promise<never>(() => undefined);
    const scanning = scanHost({
      table: { list: async () => listing([claude]) },
      files: { text: () => hanging, names: () => hanging },
      ...{ containers: [], agentVariable: VARIABLE, agentLabel: LABEL },
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await scanning).findings).toMatchObject([{ agentId: 'claude-10-1000' }]);
  });

  it('says what it cannot see', async () => {
    const { blind } = await scan({ containers: new Error('the engine does not answer') });
    expect(blind).toEqual(['containers are not seen: the engine does not answer']);
    const hidden = await scanHost({
      table: { list: async () => ({ ...listing([]), unread: 3, hidden: 'they are hidden' }) },
      ...{ files: disk(), containers: [], agentVariable: VARIABLE, agentLabel: LABEL },
    });
    expect(hidden).toMatchObject({ unread: 3, blind: ['they are hidden'] });
  });

  it('finds containers by name, label, image and command, and says by which', async () => {
    const id = (digit: string): string => digit.repeat(64);
    const { findings } = await scan({
      containers: [
        container({}),
        container({ id: id('1'), name: 'openhands-runtime-7' }),
        container({ id: id('2'), labels: { 'devcontainer.local_folder': '/srv/app' } }),
        container({ id: id('3'), image: 'us-docker.pkg.dev/gemini-code-dev/gemini-cli/sandbox:0.61.0' }),
        container({
          ...{ id: id('4'), command: 'bash -c swerex-remote --auth-token x' },
          name: 'python3.11-01234567-89ab-cdef-0123-456789abcdef',
        }),
        container({ id: id('5'), labels: { 'openshell.ai/managed-by': 'openshell' } }),
        container({ id: id('6'), labels: { 'openshell.ai/managed-by': 'another' } }),
        container({ id: id('7'), labels: { [LABEL]: 'a1' } }),
      ],
    });
    expect(findings.map(({ agentId, adopted, evidence }) => [agentId, adopted, evidence[1]])).toEqual([
      ['openhands-111111111111', false, 'its name'],
      ['devcontainers-222222222222', false, 'label devcontainer.local_folder'],
      ['gemini-sandbox-333333333333', false, 'its image'],
      ['swe-agent-444444444444', false, 'its name, its command'],
      ['openshell-555555555555', false, 'label openshell.ai/managed-by=openshell'],
      ['a1', true, `label ${LABEL}`],
    ]);
    expect(findings[0]).toMatchObject({
      kind: 'docker',
      untested: true,
      startedAt: '1970-01-01T00:00:05.000Z',
    });
  });

  it('names the agent in a container, and not the container too', async () => {
    const inside = process({ ...claude, cgroup: `/system.slice/docker-${'c'.repeat(64)}.scope` });
    const host = (labels: Record<string, string>) =>
      scan({ processes: [inside], containers: [container({ name: 'dev', labels })] });
    expect((await host({ 'devcontainer.local_folder': '/srv/app' })).findings).toMatchObject([
      { detector: 'claude', kind: 'process', evidence: expect.arrayContaining(['in container dev']) },
    ]);
    expect((await host({ [LABEL]: 'a1' })).findings).toMatchObject([
      { detector: 'label', agentId: 'a1', adopted: true },
    ]);
  });
});

describe('the checkout of a directory', () => {
  it('is the repository itself, where no worktree is', async () => {
    expect(await checkoutOf(disk({ '/srv/app/.git/HEAD': 'ref' }), '/srv/app/src/a')).toEqual({
      repository: '/srv/app',
    });
  });

  it.each([
    ['there is no git', {}],
    ['the file names no worktree', { '/srv/app/.git': 'gitdir: ../elsewhere' }],
  ])('is none where %s', async (_, files) => {
    expect(await checkoutOf(disk(files), '/srv/app')).toEqual({});
  });
});

describe('a scan for a credential', () => {
  const found = async () => scan({ processes: [claude] });

  it('names the agent whose active record has the process', async () => {
    const { core, agent } = fakeCore();
    await agent('a1', { members: { process: { pid: 10, startTime: '1000' } } });
    await agent('a2', { members: { process: { pid: 10, startTime: '1000' }, host: 'elsewhere' } });
    await agent('a3', { status: 'completed', members: { process: { pid: 10, startTime: '1000' } } });
    const { findings } = await scanFor(core, actorWith(), found);
    expect(findings).toMatchObject([{ agentId: 'a1', adopted: true }]);
  });

  it('leaves out what a narrowed one does not cover', async () => {
    const { core } = fakeCore();
    expect((await scanFor(core, narrowedTo({ agentId: 'claude-10-1000' }), found)).findings).toHaveLength(1);
    expect((await scanFor(core, narrowedTo({ agentId: 'another' }), found)).findings).toEqual([]);
    expect((await scanFor(core, narrowedTo({ host: core.hostId }), found)).findings).toHaveLength(1);
  });

  it('needs the scope to read agents', async () => {
    await expect(scanFor(fakeCore().core, holding('agents:kill'), found)).rejects.toThrow('agents:read');
  });
});
