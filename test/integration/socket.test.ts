import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { socketFetch } from '../../functions/cli/socket-fetch.js';
import { type Client, createClient } from '../../lib/client/client.js';
import { temporaryDirectory } from '../services/agents.js';
import { build } from '../services/build.js';
import { type Environment, settings, startBuiltServer, tokenFor } from '../services/server.js';
import { openWorld } from './world.js';

const socketOf = (environment: Environment): string =>
  environment['KILLSWITCH_SOCKET'] ?? `${environment['KILLSWITCH_STATE_DIR']}/killswitch.sock`;
const modeOf = (path: string): number => lstatSync(path).mode & 0o777;

const onSocket = async (path: string): Promise<Client> =>
  createClient({ url: 'http://localhost', name: path, fetch: socketFetch(path), token: await tokenFor() });

const refused = (environment: Environment): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [join(build(), 'functions/cli/main.js'), 'serve'], {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
    timeout: 20_000,
  });

describe('the unix socket', () => {
  it('serves the same functions to its owner alone, for a token, and goes with the server', async () => {
    const socket = join(temporaryDirectory(), 'made', 'killswitch.sock');
    const world = await openWorld('sqlite', { KILLSWITCH_SOCKET: socket });
    expect([modeOf(socket), modeOf(dirname(socket))]).toEqual([0o600, 0o700]);
    const { agentId, tree } = await world.processAgent();
    const stranger = createClient({ url: 'http://localhost', fetch: socketFetch(socket), token: 'none' });
    await expect(stranger.kill(agentId)).rejects.toMatchObject({ status: 401 });
    expect(await (await onSocket(socket)).kill(agentId)).toMatchObject({ status: 200, confirmed: true });
    expect(tree.pids()).toEqual([]);
    await world.close();
    expect(existsSync(socket)).toBe(false);
  });

  it('is made anew where a server that was killed left it behind', async () => {
    const environment = settings('sqlite');
    const first = await startBuiltServer(environment);
    first.signal('SIGKILL');
    await first.ended;
    expect(existsSync(socketOf(environment))).toBe(true);
    await startBuiltServer(environment);
    expect(await (await onSocket(socketOf(environment))).ready()).toMatchObject({ ready: true });
  });

  it('stays with the server that has it, and the next one does without', async () => {
    const environment = settings('sqlite');
    await startBuiltServer(environment);
    const { ino } = lstatSync(socketOf(environment));
    const second = await startBuiltServer(environment);
    expect(second.log).toContainEqual(
      expect.objectContaining({ level: 'warn', socket: socketOf(environment) }),
    );
    second.signal('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(lstatSync(socketOf(environment)).ino).toBe(ino);
    expect(await (await onSocket(socketOf(environment))).ready()).toMatchObject({ ready: true });
  });

  it('is never made in the place of something else', () => {
    const path = join(temporaryDirectory(), 'notes.txt');
    writeFileSync(path, 'notes');
    const { status, stderr } = refused(settings('sqlite', { KILLSWITCH_SOCKET: path }));
    expect(status).toBe(1);
    expect(stderr).toBe(
      `killswitch: The socket ${path} cannot be created (the path is not a socket): set KILLSWITCH_SOCKET to another path.\n`,
    );
  });

  it.each([
    ['is too long', () => `${temporaryDirectory()}/${'x'.repeat(100)}`, 'at most 103 bytes'],
    ['lies below a file', () => '/proc/version/killswitch.sock', 'cannot be created'],
  ])('keeps the server from starting when its path %s, with one sentence', (_, path, sentence) => {
    const { status, stderr } = refused(settings('sqlite', { KILLSWITCH_SOCKET: path() }));
    expect(status).toBe(1);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('counts as taken when its holder says nothing', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'busy.sock');
    const busy = createServer().listen(path);
    await once(busy, 'listening');
    onTestFinished(() => void busy.close());
    if (process.getuid?.() === 0) chownSync(path, 54_321, 54_321);
    const world = await openWorld('sqlite', { KILLSWITCH_SOCKET: path });
    await world.close();
    expect(existsSync(path)).toBe(true);
    const problem = process.getuid?.() === 0 ? { problem: 'it belongs to another user (54321)' } : {};
    expect(world.log.entries).toContainEqual(
      expect.objectContaining({
        socket: path,
        ...problem,
        msg: expect.stringContaining('another process listens'),
      }),
    );
  });

  it('leaves the mode of a directory alone that was there already', async () => {
    const directory = join(temporaryDirectory(), 'shared');
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    const world = await openWorld('sqlite', { KILLSWITCH_SOCKET: join(directory, 'k.sock') });
    expect([modeOf(directory), modeOf(join(directory, 'k.sock'))]).toEqual([0o755, 0o600]);
    await world.close();
  });
});
