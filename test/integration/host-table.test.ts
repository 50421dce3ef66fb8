import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createContainers } from '../../lib/adapters/docker/containers.js';
import { createHost } from '../../lib/adapters/process/host.js';
import { createHostTable } from '../../lib/adapters/process/host-table.js';
import { createPsTable, parsePsTable } from '../../lib/adapters/process/ps-table.js';
import { scanHost } from '../../lib/discovery/scan.js';
import { startTimeOf } from '../services/proc.js';

function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'killswitch-scan-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A copy of sleep under another name, and a start of it that ends with the test. */
function install(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(realpathSync('/bin/sleep'), path);
  chmodSync(path, 0o755);
  return path;
}
async function start(
  program: string,
  args: readonly string[],
  options: object = {},
): Promise<ChildProcess & { pid: number }> {
  const child = spawn(program, args, { stdio: 'ignore', ...options });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
}

const variables = ['HOME', 'KILLSWITCH_TEST_SEEN'];

describe('the process table of this host', () => {
  it('shows a process as it is, with the variables that were asked for and no other', async () => {
    const home = folder();
    const env = { HOME: home, KILLSWITCH_TEST_SEEN: 'yes', KILLSWITCH_TEST_SECRET: 'no' };
    const child = await start('/bin/sleep', ['60'], { cwd: home, env, detached: true });
    const { processes, self, bootId } = await createHostTable().list(variables);
    expect(self).toBe(process.pid);
    expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(processes.find(({ pid }) => pid === child.pid)).toEqual({
      ...{ pid: child.pid, parentPid: process.pid, session: child.pid, group: child.pid },
      startTime: startTimeOf(child.pid),
      startedAt: expect.any(Number),
      uid: process.getuid?.(),
      executable: realpathSync('/bin/sleep'),
      args: ['/bin/sleep', '60'],
      workingDirectory: home,
      environment: { HOME: home, KILLSWITCH_TEST_SEEN: 'yes' },
      isReadable: true,
      cgroup: expect.stringMatching(/^\//),
      memoryBytes: expect.any(Number),
      cpuMs: expect.any(Number),
      state: 'alive',
    });
  });

  it('names an executable that was replaced while it runs as it was called', async () => {
    const program = install(join(folder(), 'tool'));
    const child = await start(program, ['60']);
    unlinkSync(program);
    const { processes } = await createHostTable().list([]);
    expect(processes.find(({ pid }) => pid === child.pid)?.executable).toBe(program);
  });

  it('leaves kernel threads and zombies out', async () => {
    const root = folder();
    const put = (pid: number, state: string, flags: number): void => {
      mkdirSync(join(root, String(pid)));
      const fields = `${pid} (x) ${state} 1 1 1 0 -1 ${flags} ${'0 '.repeat(10)}1 0 25 0 0 `;
      writeFileSync(join(root, String(pid), 'stat'), fields);
      writeFileSync(join(root, String(pid), 'environ'), '');
    };
    put(2, 'S', 0x0020_0000);
    put(3, 'Z', 0);
    put(4, 'D', 0);
    const { processes } = await createHostTable({ procRoot: root }).list([]);
    expect(processes).toMatchObject([{ pid: 4, state: 'stuck' }]);
  });

  it('counts what it may not read', async () => {
    const root = folder();
    for (const file of ['stat', 'uptime']) writeFileSync(join(root, file), 'btime 1700000000\n');
    const denied = join(root, '77');
    mkdirSync(denied);
    writeFileSync(
      join(denied, 'stat'),
      `77 (x) S 1 77 77 34816 -1 4194560 ${'0 '.repeat(12)}500 0 25 ${'0 '.repeat(20)}`,
    );
    // Whatever is there in their place cannot be read as a file.
    mkdirSync(join(denied, 'environ'));
    const { processes, unread } = await createHostTable({ procRoot: root }).list([]);
    expect(unread).toBe(1);
    expect(processes).toMatchObject([{ pid: 77, terminal: '34816', args: [], isReadable: false }]);
  });
});

describe('the process table by ps', () => {
  it('shows the processes of this host', async () => {
    const { processes, unread } = await createPsTable().list(['PATH']);
    expect(processes.find(({ pid }) => pid === process.pid)).toMatchObject({
      parentPid: process.ppid,
      session: 0,
    });
    expect(unread).toBeGreaterThanOrEqual(0);
  });

  it('reads what macOS says', () => {
    const start = 'Sun Nov 22 10:00:00 2026';
    const table = [
      `  501     1   501   501 ttys001  S+    20480   1:02.50 ${start} /opt/homebrew/bin/goose`,
      `  502   501   502   501 ??       T      1024 1-02:03:04 ${start} sleep`,
      `  503   501   503   501 ??       Z         0   0:00.00 ${start} (gone)`,
      `  504   501   504   501 ??       U         1   0:00.01 ${start} /bin/dd`,
      'not a line',
    ].join('\n');
    const commands = '  501 goose run\n  502 sleep 9\n';
    const environments = '  501 goose run HOME=/Users/ann GOOSE=1\n  502 other\n';
    expect(parsePsTable({ table, commands, environments }, ['HOME'])).toEqual([
      {
        ...{
          pid: 501,
          parentPid: 1,
          group: 501,
          session: 0,
          uid: 501,
          terminal: 'ttys001',
          startTime: start,
        },
        ...{
          startedAt: Date.UTC(2026, 10, 22, 10),
          executable: '/opt/homebrew/bin/goose',
          args: ['goose', 'run'],
        },
        ...{
          environment: { HOME: '/Users/ann' },
          isReadable: true,
          memoryBytes: 20_971_520,
          cpuMs: 62_500,
          state: 'alive',
        },
      },
      {
        ...{ pid: 502, parentPid: 501, group: 502, session: 0, uid: 501, startTime: start },
        ...{
          startedAt: Date.UTC(2026, 10, 22, 10),
          args: ['sleep', '9'],
          environment: {},
          isReadable: false,
        },
        ...{ memoryBytes: 1_048_576, cpuMs: 93_784_000, state: 'stopped' },
      },
      expect.objectContaining({ pid: 504, state: 'stuck' }),
    ]);
    expect(parsePsTable({}, [])).toEqual([]);
  });
});

describe('the files of this host', () => {
  const { files } = createHost();

  it('are read where they are small and regular, and listed', async () => {
    const path = folder();
    writeFileSync(join(path, 'small'), 'text');
    expect(await files.text(join(path, 'small'))).toBe('text');
    expect(await files.names(path)).toEqual(['small']);
  });

  it('are as if they were not there where they are links, pipes, large or gone', async () => {
    const path = folder();
    writeFileSync(join(path, 'large'), 'x'.repeat(65_537));
    symlinkSync('/etc/passwd', join(path, 'link'));
    execFileSync('mkfifo', [join(path, 'pipe')]);
    for (const name of ['large', 'link', 'pipe', 'none', '.'])
      expect(await files.text(join(path, name))).toBeUndefined();
    for (const name of ['large', 'link', 'none']) expect(await files.names(join(path, name))).toEqual([]);
  });
});

describe('the containers of an engine', () => {
  const listen = async (status: number, body: unknown): Promise<string> => {
    const socketPath = join(folder(), 'engine.sock');
    const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
    server.listen(socketPath);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return socketPath;
  };
  const at = (socketPath: string) => createContainers({ host: { socketPath } });

  it('are those that run', async () => {
    const Id = 'a'.repeat(64);
    const engine = at(
      await listen(200, [
        { Id, Names: ['/web'], Image: 'nginx', Command: 'nginx', Created: 5, Labels: { a: 'b' } },
      ]),
    );
    expect(await engine.running()).toEqual([
      { id: Id, name: 'web', labels: { a: 'b' }, image: 'nginx', command: 'nginx', startedAt: 5_000 },
    ]);
    const bare = at(await listen(200, [{ Id, Image: 'nginx', Created: 5 }]));
    expect(await bare.running()).toMatchObject([{ name: '', labels: {}, command: '' }]);
  });

  it('are none where no engine listens', async () => {
    expect(await at(join(folder(), 'none.sock')).running()).toEqual([]);
  });

  it('are not known where the engine refuses or answers what is no list', async () => {
    await expect(at(await listen(500, {})).running()).rejects.toThrow('the engine refuses to list them');
    await expect(at(await listen(200, {})).running()).rejects.toThrow('could not be read');
  });
});

describe('a scan of this host', () => {
  it('finds what runs from where a tool is installed, with what lost its parent, and no bystander', async () => {
    const root = folder();
    const main = install(join(root, '@anthropic-ai/claude-code/bin/claude'));
    const bystander = install(join(root, 'claude'));
    const agent = await start(main, ['60'], { cwd: root });
    await start(bystander, ['60']);
    await start(main, ['--help']).catch(() => undefined);
    const env = { CLAUDECODE: '1', CLAUDE_PID: String(agent.pid), KILLSWITCH_TEST_ROOT: root };
    // Its parent ends at once, so that it belongs to PID 1 or another that adopts orphans.
    execFileSync('sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $! > pid'], {
      cwd: root,
      env: { ...env, PATH: process.env['PATH'] },
    });
    const stray = Number(execFileSync('cat', [join(root, 'pid')], { encoding: 'utf8' }));
    onTestFinished(() => void process.kill(stray, 'SIGKILL'));

    const { findings } = await scanHost({
      ...createHost(),
      ...{ containers: [], agentVariable: 'KILLSWITCH_AGENT_ID', agentLabel: 'killswitch.agent-id' },
    });
    const own = findings.filter(({ evidence }) => evidence.some(one => one.includes(root)));
    expect(own).toMatchObject([
      {
        detector: 'claude',
        id: `${agent.pid}:${startTimeOf(agent.pid)}`,
        workingDirectory: root,
        tree: { processes: 2 },
      },
    ]);
  });
});
