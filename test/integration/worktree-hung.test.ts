import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openWorktrees } from '../../lib/adapters/worktree/index.js';
import { openQuarantine } from '../../lib/adapters/worktree/quarantine-store/index.js';
import { addWorktree, makeRepository, temporaryDirectory } from '../services/agents.js';

const BINDFS = '/usr/bin/bindfs';
const SILENT = 'the file system does not answer';

interface Mounted {
  readonly at: string;
  /** From now on it answers nobody, as a network filesystem whose server is gone. */
  stop(): void;
  resume(): void;
}

/** A filesystem of FUSE that shows another directory, served by a process of its own. */
async function mountAt(at: string): Promise<Mounted> {
  const source = temporaryDirectory();
  mkdirSync(at, { recursive: true });
  const server: ChildProcess = spawn(BINDFS, ['-f', source, at], { stdio: 'inherit' });
  const exited = new Promise<void>(resolve => server.once('exit', () => resolve()));
  // Should the process under test hang on it after all, it is let go in the end.
  const watchdog = spawn('sh', ['-c', `sleep 20; kill -CONT ${server.pid}`], {
    stdio: 'ignore',
  });
  watchdog.unref();
  onTestFinished(async () => {
    server.kill('SIGCONT');
    watchdog.kill('SIGKILL');
    execFileSync('umount', ['--lazy', at]);
    await exited;
  });
  const isMounted = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${at} `);
  await expect.poll(isMounted, { timeout: 10_000 }).toBe(true);
  return { at, stop: () => void server.kill('SIGSTOP'), resume: () => void server.kill('SIGCONT') };
}

/** Agents on a local root and on several filesystems below another one. */
async function open(count: number) {
  const directory = temporaryDirectory();
  const [local, remote] = [join(directory, 'local'), join(directory, 'remote')];
  for (const root of [local, remote]) mkdirSync(root);
  const repository = await makeRepository(join(directory, 'repository'));
  const mounts: Mounted[] = [];
  for (let at = 0; at < count; at++) mounts.push(await mountAt(join(remote, `${at}`)));
  const logged: object[] = [];
  const note = (entry: object): void => void logged.push(entry);
  // The monotonic clock jumps, so that what answered a moment ago is asked again.
  const time = { now: Date.now(), ahead: 0 };
  const options = {
    roots: [local, remote],
    ttlMs: 60_000,
    clock: { now: () => time.now, monotonic: () => performance.now() + time.ahead },
    log: { warn: note, error: note, info: () => undefined },
    evidenceDirectory: join(directory, 'evidence'),
  };
  const worktrees = openWorktrees(options);
  onTestFinished(() => worktrees.close());
  const quarantine = openQuarantine({ ...options, path: process.env['PATH'] ?? '' });
  onTestFinished(() => quarantine.close());
  const add = async (agentId: string, root: string) => ({
    ...{ agentId, operationId: 'op', repository },
    worktreePath: await addWorktree(repository, join(root, agentId), agentId),
  });
  const clear = (target: Parameters<typeof worktrees.clear>[0]) =>
    worktrees.clear(target, AbortSignal.timeout(30_000));
  return { directory, local, mounts, worktrees, quarantine, add, clear, time, logged };
}

describe.runIf(existsSync(BINDFS) && existsSync('/dev/fuse'))('a filesystem that has died', () => {
  it('leaves the worktrees on it for later, and clears those of all others', async () => {
    const { mounts, worktrees, add, clear, local } = await open(3);
    const targets = [];
    for (const { at } of mounts) targets.push(await add(`on-${at.at(-1)}`, at));
    const fine = [await add('a', local), await add('b', local)];
    for (const mount of mounts) mount.stop();
    const outcomes = await Promise.all([...targets, ...targets, ...fine].map(clear));
    const pending = { layer: 'worktree', outcome: 'pending', detail: SILENT };
    expect(outcomes.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => pending));
    expect(outcomes.slice(6).map(({ outcome }) => outcome)).toEqual(['removed', 'removed']);
    // None of the threads that read files is taken.
    await Promise.all(Array.from({ length: 8 }, () => lstat('/')));
    expect(await worktrees.probe()).toMatchObject({ ok: true });
    for (const mount of mounts) mount.resume();
    for (const target of targets)
      await expect.poll(async () => (await clear(target)).outcome, { timeout: 10_000 }).toBe('removed');
  });

  it('does not keep the quarantine from being listed and emptied elsewhere', async () => {
    const { mounts, worktrees, quarantine, add, clear, local, time } = await open(1);
    const [mount] = mounts;
    if (mount === undefined) throw new Error('nothing is mounted');
    await clear(await add('there', mount.at));
    await clear(await add('here', local));
    await worktrees.keepEvidence('c'.repeat(64), 'there', 'op', { inspect: '{}' });
    expect((await quarantine.list()).map(({ agentId }) => agentId).sort()).toEqual(['here', 'there']);
    mount.stop();
    time.ahead += 1_000;
    await worktrees.keepEvidence('d'.repeat(64), 'there', 'op', { inspect: '{}' });
    expect((await quarantine.list()).map(({ agentId }) => agentId).sort()).toEqual(['here', 'there']);
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(1);
    mount.resume();
    await expect.poll(() => worktrees.expire(), { timeout: 10_000 }).toBe(1);
  });

  it('is not entered through a link or the repository that a record names', async () => {
    const { mounts, add, clear, directory, local } = await open(1);
    const [mount] = mounts;
    if (mount === undefined) throw new Error('nothing is mounted');
    const target = await add('a', local);
    symlinkSync(mount.at, join(local, 'link'));
    symlinkSync(mount.at, join(directory, 'elsewhere'));
    mount.stop();
    expect(await clear({ ...target, worktreePath: join(local, 'link', 'x') })).toMatchObject({
      outcome: 'refused',
      detail: 'a component of the worktree path is a link or no directory',
    });
    for (const repository of [join(mount.at, 'x'), join(directory, 'elsewhere', 'x')])
      expect(await clear({ ...target, repository })).toMatchObject({ outcome: 'pending', detail: SILENT });
    expect(await clear(target)).toMatchObject({ outcome: 'removed' });
  });

  it('is not entered where it was mounted inside a repository', async () => {
    const { add, clear, local } = await open(0);
    const target = await add('a', local);
    const mount = await mountAt(join(target.repository, '.git', 'refs', 'killswitch'));
    mount.stop();
    expect(await clear(target)).toMatchObject({
      outcome: 'removed',
      detail: `its commit is not kept from being pruned: ${SILENT}`,
    });
  });

  it('is told by the probe, as a root, and its worktrees wait', async () => {
    const { mounts, add, directory } = await open(1);
    const [mount] = mounts;
    if (mount === undefined) throw new Error('nothing is mounted');
    const target = await add('a', mount.at);
    writeFileSync(join(directory, 'x'), '');
    mount.stop();
    const worktrees = openWorktrees({
      roots: [mount.at],
      ttlMs: 60_000,
      clock: { now: Date.now, monotonic: () => performance.now() },
      log: { warn: () => undefined, error: () => undefined, info: () => undefined },
    });
    onTestFinished(() => worktrees.close());
    expect(await worktrees.probe()).toMatchObject({ ok: false, detail: `${mount.at} does not answer` });
    const outcome = await worktrees.clear(target, AbortSignal.timeout(20_000));
    expect(outcome).toEqual({ layer: 'worktree', outcome: 'pending', detail: SILENT });
    mount.resume();
    await expect.poll(async () => (await worktrees.probe()).ok, { timeout: 10_000 }).toBe(true);
  });
});
