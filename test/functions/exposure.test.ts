import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openExposure } from '../../functions/server/exposure.js';
import { parseConfig } from '../../lib/config/config.js';
import type { Sighting } from '../../lib/ports/scanner.js';

const started: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'killswitch-exposure-'));
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
beforeEach(() => void log.warn.mockClear());
const told = (): string =>
  log.warn.mock.calls.map(([entry, text]) => `${text} ${JSON.stringify(entry)}`).join('\n');

function open(env: Readonly<Record<string, string>>, seen: readonly Sighting[] = []) {
  const config = parseConfig(env, { hostname: 'h', stateDirectory: folder, dev: true });
  const scan = vi.fn(async () => ({ seen }));
  const engine = {
    kind: 'docker',
    scan: vi.fn(async () => ({ seen: [] })),
    watch: () => () => undefined,
  };
  const scanners = [{ scan, watch: () => () => undefined }, engine];
  const exposure = openExposure(config, { scanners, log });
  onTestFinished(() => exposure.close());
  const health = async () =>
    Object.fromEntries(
      (await Promise.all(exposure.probes.map(one => one.probe()))).map(one => [one.name, one]),
    );
  return { health, scan, engine };
}

describe('where the server listens', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'stop.example'])('on %s without TLS is told', host => {
    open({ HOST: host });
    expect(told()).toContain(`it listens on ${host} without TLS`);
  });

  it('on this machine alone, or behind a proxy, is not', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) open({ HOST: host });
    open({ HOST: '0.0.0.0', KILLSWITCH_TRUSTED_PROXIES: '10.0.0.1' });
    expect(log.warn).not.toHaveBeenCalled();
  });
});

describe('the state directory', () => {
  const directory = join(folder, 'state');
  const healthOf = async () => (await open({ KILLSWITCH_STATE_DIR: directory }).health())['state directory'];

  it('that is not there yet, or is ours alone, is safe', async () => {
    expect(await healthOf()).toMatchObject({ ok: true, detail: 'not made yet' });
    mkdirSync(directory, { mode: 0o700 });
    expect(await healthOf()).toEqual({ name: 'state directory', ok: true });
    expect(log.warn).not.toHaveBeenCalled();
  });

  it.each([0o777, 0o1777, 0o770])('of mode %o is told, and takes nothing out of service', async mode => {
    chmodSync(directory, mode);
    const detail = `other users may write to it (mode ${mode.toString(8)}): chmod 700`;
    expect(await healthOf()).toEqual({ name: 'state directory', ok: false, detail, aside: true });
    expect(told()).toContain(`the state directory is not safe: ${detail}`);
  });

  it.runIf(process.getuid?.() === 0)('of another user is told', async () => {
    chmodSync(directory, 0o700);
    chownSync(directory, 54_321, 54_321);
    expect(await healthOf()).toMatchObject({
      ok: false,
      detail: expect.stringContaining('another user (54321)'),
    });
  });

  it('of an earlier version, in the current directory, is told', () => {
    mkdirSync(join(folder, '.killswitch'));
    writeFileSync(join(folder, '.killswitch', 'state.db'), '');
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
    onTestFinished(() => cwd.mockRestore());
    open({});
    expect(told()).toContain(
      `${folder}/.killswitch/state.db is the store of an earlier version, and is not used`,
    );
    log.warn.mockClear();
    open({ KILLSWITCH_STATE_DIR: join(folder, '.killswitch') });
    expect(told()).not.toContain('earlier version');
  });
});

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('the users of agents', () => {
  async function start(file: string, args: readonly string[], ids: { uid?: number; gid?: number } = {}) {
    const child = spawn(file, args, { stdio: 'ignore', ...ids });
    started.push(child);
    await once(child, 'spawn');
    return child.pid as number;
  }
  const agent = (agentId: string, pid: number): Sighting => ({ agentId, kind: 'process', id: `${pid}:1` });
  const userHealth = async (seen: readonly Sighting[]) => {
    const { health, scan, engine } = open({}, seen);
    const found = (await health())['user'];
    expect(await health()).toMatchObject({ user: found });
    expect([scan.mock.calls.length, engine.scan.mock.calls.length]).toEqual([1, 0]);
    return found;
  };

  it('are told where one is the server’s own, once in the log and in each check', async () => {
    const [same, other] = [
      await start('sleep', ['1000']),
      await start('sleep', ['1000'], { uid: 54_321, gid: 54_321 }),
    ];
    expect(await userHealth([agent('a1', same), agent('a2', other), agent('a1', same)])).toEqual({
      name: 'user',
      ok: false,
      detail:
        "1 agent runs as the server's own user, or as root beside it, and can read its secret and end it: run the server as a user of its own",
      aside: true,
    });
    expect(log.warn.mock.calls).toEqual([
      [{ agents: ['a1'], count: 1 }, expect.stringContaining('own user')],
    ]);
  });

  it('are no matter where they are others, or gone, or in a container of their own, or this server itself', async () => {
    const other = await start('sleep', ['1000'], { uid: 54_321, gid: 54_321 });
    const namespace = await start('unshare', ['--pid', '--fork', '--kill-child', 'sleep', '1000']);
    const inside = () => readFileSync(`/proc/${namespace}/task/${namespace}/children`, 'latin1').trim();
    await expect.poll(inside).toMatch(/^\d+$/);
    const seen = [other, 4_194_304, Number(inside()), process.pid].map((pid, at) => agent(`a${at}`, pid));
    const contained: Sighting = { agentId: 'c', kind: 'docker', id: String(process.pid) };
    expect(await userHealth([...seen, contained])).toEqual({ name: 'user', ok: true });
    expect(log.warn).not.toHaveBeenCalled();
  });
});
