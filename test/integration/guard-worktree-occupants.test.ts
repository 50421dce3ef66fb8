import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anchorByDescriptor } from '../../lib/adapters/worktree/directory.js';
import { guardOccupants } from '../../lib/adapters/worktree/guard.js';
import { createMountTable } from '../../lib/adapters/worktree/mounts.js';
import { createOccupancy } from '../../lib/adapters/worktree/occupants.js';
import { temporaryDirectory } from '../services/agents.js';
import { makeWorld } from './worktree-world.js';

/** A process that works in a directory until it is ended; with `prepare`, in a mount namespace of its own. */
async function workIn(directory: string, prepare?: string) {
  const script = 'echo ready; exec sleep 600';
  const [program, args] = prepare
    ? ['unshare', ['--mount', '--propagation', 'private', 'sh', '-c', `${prepare}; ${script}`]]
    : ['sh', ['-c', script]];
  const child = spawn(program as string, args as string[], {
    cwd: prepare ? '/' : directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(end);
  await new Promise(resolve => child.stdout?.once('data', resolve));
  return { pid: child.pid ?? 0, end };
}

const worksIn = (pid: number) => ({
  outcome: 'refused',
  detail: `a process works in it (PID ${pid}): end what runs there or let it leave the directory`,
});

describe('a worktree that a process works in', () => {
  it('is refused, with the process named, and cleared when that has gone', async () => {
    const { clear, target, root } = await makeWorld();
    const { pid, end } = await workIn(target.worktreePath);
    expect(await clear()).toMatchObject(worksIn(pid));
    expect(existsSync(join(target.worktreePath, 'README.md'))).toBe(true);
    expect(existsSync(join(root, '.killswitch-quarantine'))).toBe(false);
    await end();
    expect(await clear()).toMatchObject({ outcome: 'removed' });
  });

  it('somewhere below its top is refused as well', async () => {
    const { clear, target } = await makeWorld();
    const below = join(target.worktreePath, 'deep', 'down');
    mkdirSync(below, { recursive: true });
    const { pid } = await workIn(below);
    expect(await clear()).toMatchObject(worksIn(pid));
  });

  it('is cleared where the process works in its neighbour, whose name only begins like it', async () => {
    const { clear, target } = await makeWorld();
    mkdirSync(`${target.worktreePath}-other`);
    await workIn(`${target.worktreePath}-other`);
    expect(await clear()).toMatchObject({ outcome: 'removed' });
  });

  it('under another path, where it is mounted once more, is refused', async () => {
    const { clear, target } = await makeWorld();
    const at = temporaryDirectory();
    execFileSync('mount', ['--bind', target.worktreePath, at]);
    onTestFinished(() => void execFileSync('umount', ['--lazy', at]));
    const { pid, end } = await workIn(at);
    expect(await clear()).toMatchObject(worksIn(pid));
    await end();
    expect(await clear()).toMatchObject({ outcome: 'removed' });
  });

  it.each(['', '/deep'])('in a container that has it%s mounted is refused', async below => {
    const { clear, target } = await makeWorld();
    mkdirSync(join(target.worktreePath, 'deep'));
    const at = temporaryDirectory();
    const { pid } = await workIn(at, `mount --bind ${target.worktreePath}${below} ${at} && cd ${at}`);
    expect(await clear()).toMatchObject(worksIn(pid));
  });

  it('is refused where that is this very process', async () => {
    const { target } = await makeWorld();
    const anchor = anchorByDescriptor();
    onTestFinished(() => anchor.release());
    const now = () => performance.now();
    const occupantsOf = await createOccupancy(now, createMountTable(now))(0);
    expect(occupantsOf(anchor.open(process.cwd()))?.pids).toContain(process.pid);
    expect(occupantsOf(anchor.open(target.worktreePath))?.pids).toEqual([]);
  });

  it('is not taken for occupied because of a zombie', async () => {
    const { clear, target } = await makeWorld();
    // What replaces the shell never waits for its child.
    const script = `cd ${target.worktreePath}; sleep 600 & echo $!; cd /; exec sleep 600`;
    const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const zombie = String(await new Promise(resolve => parent.stdout.once('data', resolve))).trim();
    await expect.poll(() => readlinkSync(`/proc/${parent.pid}/exe`)).toContain('sleep');
    process.kill(Number(zombie), 'SIGKILL');
    await expect.poll(() => execFileSync('ps', ['-o', 'stat=', '-p', zombie]).toString()).toMatch(/^Z/);
    expect(await clear()).toMatchObject({ outcome: 'removed' });
  });
});

describe('a quarantine entry that a process works in', () => {
  it('is not deleted before that has gone', async () => {
    const { clear, time, worktrees, logged } = await makeWorld();
    const { quarantinePath = '' } = await clear();
    const { pid, end } = await workIn(join(quarantinePath, 'worktree'));
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(0);
    expect(logged).toEqual([{ entry: quarantinePath, pids: [pid] }]);
    await end();
    expect(await worktrees.expire()).toBe(1);
  });
});

describe('the guard against those who work in a worktree', () => {
  it('names the first three of many', () => {
    expect(() => guardOccupants({ pids: [1, 2, 3, 4] })).toThrow(
      '4 processes work in it (PIDs 1, 2, 3, ...): end what runs there',
    );
    expect(() => guardOccupants(undefined)).not.toThrow();
  });
});
