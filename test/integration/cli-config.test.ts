import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildForOthers } from '../services/build.js';
import { afterFile } from '../services/registry.js';
import { SECRET, settings, startBuiltServer } from '../services/server.js';
import { temporaryDirectory } from '../services/temporary.js';
import { endOf, type How, runCli, startCli, until } from './cli-run.js';

/** Nobody's, on any machine. */
const [ANN, MALLORY] = [54_321, 54_322];

/** A folder that everybody may enter, as the run's own is not. */
function openFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'killswitch-users-'));
  chmodSync(folder, 0o755);
  afterFile(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function ownedBy(uid: number, path: string, mode = 0o700): string {
  mkdirSync(path, { recursive: true });
  chownSync(path, uid, uid);
  chmodSync(path, mode);
  return path;
}

let program: string;
beforeAll(() => {
  program = buildForOthers(openFolder());
});

it('finds what the server uses from any directory, by the configuration file alone', async () => {
  const file = join(temporaryDirectory(), 'killswitch.env');
  const {
    DOCKER_HOST: _,
    KILLSWITCH_CONFIG: __,
    ...environment
  } = settings('sqlite', { KILLSWITCH_SANDBOX: 'none' });
  const lines = Object.entries(environment).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  const only = { KILLSWITCH_CONFIG: file };
  const unset = { ...only, KILLSWITCH_STATE_DIR: '' };
  const server = await startBuiltServer(only);
  const elsewhere = { cwd: temporaryDirectory() };

  const engaged = await runCli(['latch', 'engage', '--task', 't1'], unset, elsewhere);
  expect(engaged).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('ENGAGED for the agents with task t1'),
  });
  server.signal('SIGKILL');
  await server.ended;
  const status = await runCli(['latch', '--local'], unset, { cwd: '/' });
  expect(status).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('ENGAGED for the agents with task t1'),
  });
  const directory = environment['KILLSWITCH_STATE_DIR'];
  expect(status.stderr).toBe(`killswitch: Using the embedded store in ${directory}.\n`);

  const other = { ...unset, KILLSWITCH_STATE_DIR: temporaryDirectory() };
  const fresh = await runCli(['latch', '--local'], other, elsewhere);
  expect(fresh.stdout).toBe('The emergency stop is not engaged: agents can run\n');
  expect(fresh.stderr).toMatch(
    /Using the embedded store in .*\.\n.*That store was empty: killswitch had never/,
  );
}, 60_000);

it('shows no password of the store that it uses', async () => {
  const store = 'redis://user:p/a@ss@127.0.0.1:1/0?password=hunter2';
  const { stderr } = await runCli(['latch', '--local'], {
    KILLSWITCH_STORE: store,
    KILLSWITCH_SANDBOX: 'none',
  });
  expect(stderr).toContain('Using the store at redis://127.0.0.1:1/0, keys orchestrator:*.');
  expect(stderr).not.toMatch(/p\/a|hunter2/);
});

it('refuses a bad configuration file in every command, and shows no secret', async () => {
  const file = join(temporaryDirectory(), 'killswitch.env');
  writeFileSync(file, `PORT=0\nKILLSWITCH_SECRET=${SECRET}\n`, { mode: 0o600 });
  for (const args of [
    ['serve'],
    ['agents'],
    ['kill-all', '--local'],
    ['audit', 'verify'],
    ['quarantine', 'list'],
  ]) {
    const { code, stdout, stderr } = await runCli(args, { KILLSWITCH_CONFIG: file });
    expect(stderr).toBe(
      `killswitch: The configuration is not valid:\n- ${file}, line 2 (KILLSWITCH_SECRET): put the value in single quotes, with no single quote in it\n`,
    );
    expect([code, stdout]).toEqual([1, '']);
  }
}, 60_000);

describe.runIf(process.getuid?.() === 0)('for an ordinary user', () => {
  const as = (uid: number, cwd = '/'): How => ({ uid, gid: uid, cwd, program });

  it('keeps server and commands together, from any directory', async () => {
    const home = ownedBy(ANN, join(openFolder(), 'ann'));
    const file = join(ownedBy(ANN, join(home, '.config')), 'killswitch.env');
    const variable = `ANN_AGENT_${process.pid}`;
    writeFileSync(
      file,
      `PORT=0\nKILLSWITCH_SECRET='${SECRET}'\nKILLSWITCH_SANDBOX=process\nKILLSWITCH_AGENT_VARIABLE=${variable}\n`,
    );
    chownSync(file, ANN, ANN);
    chmodSync(file, 0o600);
    const env = { HOME: home, KILLSWITCH_CONFIG: file, KILLSWITCH_STATE_DIR: '' };
    const server = startCli(['serve'], env, as(ANN, home));
    afterFile(() => server.kill('SIGKILL'));
    await until(server.stdout, '"msg":"listening"');
    const engaged = await runCli(['latch', 'engage', '--task', 't1'], env, as(ANN));
    expect(engaged).toMatchObject({ code: 0, stderr: '' });
    server.kill('SIGTERM');
    await once(server, 'exit');
    const status = await runCli(['latch', '--local'], env, as(ANN, tmpdir()));
    expect(status.stdout).toContain('ENGAGED for the agents with task t1');
    expect(status.stderr).toBe(`killswitch: Using the embedded store in ${home}/.local/state/killswitch.\n`);
  }, 60_000);

  /** Something that listens where a command may look for the server, and counts who calls. */
  async function plant(path: string, uid: number): Promise<() => number> {
    let calls = 0;
    const server = createServer(socket => {
      calls += 1;
      socket.destroy();
    });
    server.listen(path);
    await once(server, 'listening');
    afterFile(() => server.close());
    chownSync(path, uid, uid);
    chmodSync(path, 0o666);
    return () => calls;
  }
  const TOKEN = 'eyJ.the-token-of-ann.x';

  it('sends no token to a socket in the current directory', async () => {
    const folder = ownedBy(MALLORY, join(openFolder(), 'project'), 0o755);
    const calls = await plant(
      join(ownedBy(MALLORY, join(folder, '.killswitch'), 0o755), 'killswitch.sock'),
      MALLORY,
    );
    const env = {
      HOME: ownedBy(ANN, join(openFolder(), 'ann')),
      KILLSWITCH_STATE_DIR: '',
      PORT: '1',
      KILLSWITCH_TOKEN: TOKEN,
    };
    const { code, stderr } = await runCli(['agents'], env, as(ANN, folder));
    expect([code, calls()]).toEqual([1, 0]);
    expect(stderr).toContain('No server answers at http://127.0.0.1:1');
  }, 60_000);

  it.each([
    [
      'a socket and a directory of another user',
      MALLORY,
      MALLORY,
      0o755,
      /belongs to another user \(54322\)/,
    ],
    ['a socket of another user in a directory of its own', MALLORY, ANN, 0o755, /it belongs to another user/],
    [
      'its own socket in a directory of another user',
      ANN,
      MALLORY,
      0o755,
      /its directory belongs to another user/,
    ],
    [
      'its own socket in a directory that all may write',
      ANN,
      ANN,
      0o777,
      /other users may write to its directory/,
    ],
    [
      'its own socket in a directory that all may write, sticky',
      ANN,
      ANN,
      0o1777,
      /other users may write to its directory/,
    ],
    ['its own socket that others may write to', ANN, ANN, 0o700, /other users may write to it/],
  ])(
    'sends no token to %s',
    async (_, socketOwner, folderOwner, mode, why) => {
      const folder = ownedBy(folderOwner, join(openFolder(), 'state'), mode);
      const socket = join(folder, 'killswitch.sock');
      const calls = await plant(socket, socketOwner);
      const env = { KILLSWITCH_TOKEN: TOKEN };
      const ways: [string[], Record<string, string>][] = [
        [['agents', '--socket', socket], env],
        [['kill-all'], { ...env, KILLSWITCH_STATE_DIR: folder }],
        [['latch'], { ...env, KILLSWITCH_SOCKET: socket }],
      ];
      for (const [args, more] of ways) {
        const { code, stdout, stderr } = await runCli(args, more, as(ANN));
        expect(stderr).toMatch(why);
        expect(stderr).toMatch(/No credential was sent\. .*--url or KILLSWITCH_URL/);
        expect(stderr).not.toContain(TOKEN);
        expect([code, stdout]).toEqual([1, '']);
      }
      expect(calls()).toBe(0);
    },
    60_000,
  );

  it('sends no token to a port on which another user listens, unless it is named', async () => {
    const script = `require('node:net').createServer(s => { console.log('called'); s.end('HTTP/1.1 500 x\\r\\ncontent-length: 0\\r\\n\\r\\n'); })
      .listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;
    const listener = spawn(process.execPath, ['-e', script], {
      uid: MALLORY,
      gid: MALLORY,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    afterFile(() => listener.kill('SIGKILL'));
    let said = '';
    listener.stdout.on('data', chunk => {
      said += chunk;
    });
    await once(listener.stdout, 'data');
    const port = said.trim();
    const env = { KILLSWITCH_TOKEN: TOKEN, PORT: port };
    const { code, stderr } = await runCli(['agents'], env, as(ANN));
    expect([code, said]).toEqual([1, `${port}\n`]);
    expect(stderr).toContain(
      `Port ${port} cannot be trusted: another user (54322) listens on it. No credential was sent.`,
    );
    const url = `http://127.0.0.1:${port}`;
    expect((await runCli(['agents'], { ...env, KILLSWITCH_URL: url }, as(ANN))).code).toBe(1);
    expect(said).toContain('called');
  }, 60_000);

  it('sends no token to a socket that anyone can replace in its directory', async () => {
    const open = ownedBy(ANN, join(openFolder(), 'open'), 0o777);
    const socket = join(ownedBy(ANN, join(open, 'state')), 'killswitch.sock');
    const calls = await plant(socket, ANN);
    chmodSync(socket, 0o600);
    const { code, stderr } = await runCli(
      ['agents', '--socket', socket],
      { KILLSWITCH_TOKEN: TOKEN },
      as(ANN),
    );
    expect([code, calls()]).toEqual([1, 0]);
    expect(stderr).toContain(`any user may write to ${open}`);
  });

  it('lets root use the socket of a server that root gave a directory to, and no other user', async () => {
    const directory = ownedBy(MALLORY, join(openFolder('/run'), 'state'));
    const socket = join(directory, 'killswitch.sock');
    const calls = await plant(socket, MALLORY);
    chmodSync(socket, 0o600);
    const ask = (path: string) => endOf(startCli(['agents', '--socket', path], { KILLSWITCH_TOKEN: TOKEN }));
    await ask(socket);
    expect(calls()).toBe(1);
    const planted = join(ownedBy(MALLORY, join(openFolder(), 'state')), 'killswitch.sock');
    const others = await plant(planted, MALLORY);
    chmodSync(planted, 0o600);
    expect((await ask(planted)).stderr).toContain('belongs to another user (54322)');
    expect(others()).toBe(0);
  }, 60_000);
});
