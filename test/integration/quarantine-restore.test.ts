import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { makeQuarantineWorld, type QuarantineWorld } from './quarantine-world.js';

const status = (directory: string) =>
  git(directory, 'status', '--porcelain', '--ignored', '--untracked-files=all');

/** Work of every kind: committed, staged, changed, deleted, untracked, ignored. */
async function work({ tree, git: run }: QuarantineWorld): Promise<void> {
  for (const name of ['kept', 'changed', 'staged', 'both', 'gone', 'removed', 'retyped'])
    writeFileSync(join(tree, name), `${name}\n`);
  writeFileSync(join(tree, '.gitignore'), 'secret.env\nbuild/\n');
  await run('add', '.');
  await run('commit', '--quiet', '--message=The work of an agent');
  writeFileSync(join(tree, 'changed'), 'not committed\n');
  writeFileSync(join(tree, 'staged'), 'staged\nand so on\n');
  writeFileSync(join(tree, 'both'), 'staged\n');
  await run('add', 'staged', 'both');
  writeFileSync(join(tree, 'both'), 'and changed since\n');
  rmSync(join(tree, 'gone'));
  await run('rm', '--quiet', 'removed');
  rmSync(join(tree, 'retyped'));
  symlinkSync('kept', join(tree, 'retyped'));
  mkdirSync(join(tree, 'build'));
  writeFileSync(join(tree, 'build', 'out.bin'), Buffer.from([0, 1, 2, 255]));
  writeFileSync(join(tree, 'secret.env'), 'KEY=1\n');
  writeFileSync(join(tree, 'new file'), 'untracked\n');
  writeFileSync(join(tree, 'tool.sh'), '#!/bin/sh\n', { mode: 0o755 });
}

describe.each(['linux', 'darwin'] as const)('restoring (%s)', platform => {
  it('brings back branch, commits, what was staged, and every file that was not committed', async () => {
    const world = await makeQuarantineWorld({ platform });
    const { quarantine, fresh, tree } = world;
    await work(world);
    const [before, head] = [await status(tree), await world.git('rev-parse', 'HEAD')];
    await world.clear();
    const restored = await quarantine.restore('agent-1', fresh);
    expect(restored).toMatchObject({
      path: fresh,
      files: 11,
      checkout: { repository: world.repository, branch: 'a', commit: head.trim(), staged: true },
      leftOut: [],
    });
    expect(await status(fresh)).toBe(before);
    expect(await git(fresh, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('a\n');
    expect(await git(fresh, 'diff', '--cached', '--name-only')).toBe('both\nremoved\nstaged\n');
    expect(statSync(join(fresh, 'tool.sh')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(fresh, 'retyped'))).toBe('kept');
    expect(await world.listed()).toContain(fresh);
    await git(fresh, 'fsck', '--strict');
    await git(fresh, 'commit', '--quiet', '--message=Goes on');
    expect(existsSync(join(restored.path, '.git'))).toBe(true);
    expect((await quarantine.list())[0]).toMatchObject({ worktree: true });
    await world.expectVictimUntouched();
  });
});

describe('restoring', () => {
  it('brings back the commits of a detached HEAD, pruned meanwhile or not', async () => {
    const world = await makeQuarantineWorld();
    await world.git('checkout', '--quiet', '--detach');
    await world.git('commit', '--quiet', '--allow-empty', '--message=On no branch');
    const commit = (await world.git('rev-parse', 'HEAD')).trim();
    await world.clear();
    await git(world.repository, 'gc', '--quiet', '--prune=now');
    const { checkout } = await world.quarantine.restore('agent-1', world.fresh);
    expect(checkout).toMatchObject({ commit, staged: true });
    expect(checkout).not.toHaveProperty('branch');
    expect((await git(world.fresh, 'rev-parse', 'HEAD')).trim()).toBe(commit);
    expect(await status(world.fresh)).toBe('');
  });

  const taken: [string, (world: QuarantineWorld) => Promise<unknown>][] = [
    ['is in use', ({ repository, root }) => git(repository, 'worktree', 'add', '-q', join(root, 'x'), 'a')],
    ['is in use by the main worktree', ({ repository }) => git(repository, 'checkout', '-q', 'a')],
    ['was moved', ({ repository }) => git(repository, 'branch', '-q', '-f', 'a', 'main')],
    ['was deleted', ({ repository }) => git(repository, 'branch', '-q', '-D', 'a')],
  ];
  it.each(taken)('makes a new branch when the agent’s own %s', async (_, take) => {
    const world = await makeQuarantineWorld();
    await world.git('commit', '--quiet', '--allow-empty', '--message=Work');
    const commit = (await world.git('rev-parse', 'HEAD')).trim();
    await world.clear();
    await take(world);
    const { checkout } = await world.quarantine.restore('agent-1', world.fresh);
    expect(checkout).toMatchObject({ branch: 'killswitch/agent-1', insteadOf: 'a', commit });
    expect(await git(world.fresh, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('killswitch/agent-1\n');
    expect((await git(world.fresh, 'rev-parse', 'HEAD')).trim()).toBe(commit);
    const second = await world.quarantine.restore('agent-1', `${world.fresh}-2`);
    expect(second.checkout).toMatchObject({ branch: 'killswitch/agent-1-2', insteadOf: 'a' });
  });

  it('restores an agent that had committed nothing', async () => {
    const world = await makeQuarantineWorld();
    await world.git('checkout', '--quiet', '--orphan', 'unborn');
    const before = await status(world.tree);
    expect(before).toBe('A  README.md\n');
    await world.clear();
    expect(await world.quarantine.changes('agent-1')).toMatchObject({ untracked: ['README.md'] });
    const { checkout } = await world.quarantine.restore('agent-1', world.fresh);
    expect(checkout).toMatchObject({ branch: 'unborn', staged: true });
    expect(await status(world.fresh)).toBe(before);
  });

  it('keeps a sparse checkout and a split index what they were', async () => {
    const world = await makeQuarantineWorld();
    for (const name of ['in', 'out']) {
      mkdirSync(join(world.tree, name));
      writeFileSync(join(world.tree, name, 'file'), name);
    }
    await world.git('add', '.');
    await world.git('commit', '--quiet', '--message=Two');
    await world.git('sparse-checkout', 'set', 'in');
    await world.git('update-index', '--split-index');
    writeFileSync(join(world.tree, 'in', 'file'), 'changed');
    expect(existsSync(join(world.tree, 'out'))).toBe(false);
    await world.clear();
    expect(await world.quarantine.changes('agent-1')).toMatchObject({
      tracked: [{ path: 'in/file', status: 'modified' }],
    });
    await world.quarantine.restore('agent-1', world.fresh);
    expect(await status(world.fresh)).toBe(' M in/file\n');
  });

  it('lets go of what is staged when git has pruned it, and says so', async () => {
    const world = await makeQuarantineWorld();
    writeFileSync(join(world.tree, 'staged'), 'only staged like this\n');
    await world.git('add', 'staged');
    writeFileSync(join(world.tree, 'staged'), 'changed since\n');
    await world.clear();
    await git(world.repository, 'gc', '--quiet', '--prune=now');
    const { checkout, notes } = await world.quarantine.restore('agent-1', world.fresh);
    expect(checkout).toMatchObject({ staged: false });
    expect(notes.join()).toContain('nothing is staged');
    expect(await status(world.fresh)).toBe('?? staged\n');
    expect(readFileSync(join(world.fresh, 'staged'), 'utf8')).toBe('changed since\n');
  });

  it('restores a repository with SHA-256', async () => {
    const world = await makeQuarantineWorld();
    const repository = join(world.root, '..', 'sha256');
    await git(world.root, 'init', '--quiet', '--object-format=sha256', repository);
    await git(repository, 'config', 'user.name', 'Test');
    await git(repository, 'config', 'user.email', 'test@example.org');
    await git(repository, 'commit', '--quiet', '--allow-empty', '--message=First');
    const worktreePath = join(world.root, 'long');
    await git(repository, 'worktree', 'add', '--quiet', worktreePath);
    writeFileSync(join(worktreePath, 'file'), 'x');
    await world.clear({ repository, worktreePath });
    expect(await world.quarantine.changes('agent-1')).toMatchObject({ untracked: ['file'] });
    await world.quarantine.restore('agent-1', world.fresh);
    expect(await status(world.fresh)).toBe('?? file\n');
  });

  it('restores the files alone where no repository is known, and says so', async () => {
    const world = await makeQuarantineWorld();
    const { repository: _, ...target } = world.target;
    await world.worktrees.clear(target, AbortSignal.timeout(20_000));
    const restored = await world.quarantine.restore('agent-1', world.fresh);
    expect(restored.checkout).toBeUndefined();
    expect(restored.notes).toEqual([expect.stringContaining('only the files were restored')]);
    expect(readdirSync(world.fresh)).toEqual(['README.md']);
  });

  it('restores the files alone where the commit is gone', async () => {
    const world = await makeQuarantineWorld();
    await world.clear();
    const manifest = join(world.root, '.killswitch-quarantine', 'agent-1~op-1', 'manifest.json');
    const text = readFileSync(manifest, 'utf8').replace(/("commit": ")\w{40}/, `$1${'1'.repeat(40)}`);
    writeFileSync(manifest, text);
    const { checkout, notes } = await world.quarantine.restore('agent-1', world.fresh);
    expect(checkout).toBeUndefined();
    expect(notes.join()).toContain('not in the repository any more');
  });

  it('leaves pipes, devices and sockets behind, and a foreign repository inside disarmed', async () => {
    const world = await makeQuarantineWorld();
    const { tree } = world;
    execFileSync('mkfifo', [join(tree, 'pipe')]);
    execFileSync('mknod', [join(tree, 'null'), 'c', '1', '3']);
    await git(tree, 'init', '--quiet', 'nested');
    writeFileSync(join(tree, 'nested', 'file'), 'x');
    await world.clear();
    const { leftOut, notes } = await world.quarantine.restore('agent-1', world.fresh);
    expect(leftOut.map(({ path }) => path).sort()).toEqual(['null', 'pipe']);
    expect(readdirSync(join(world.fresh, 'nested')).sort()).toEqual(['.git.quarantined', 'file']);
    expect(notes.join()).toContain('.git.quarantined');
  });

  it('keeps owners, and gives no one the rights of another', async () => {
    const world = await makeQuarantineWorld();
    const { tree, fresh } = world;
    const file = join(tree, 'suid');
    writeFileSync(file, '#!/bin/sh\n');
    chownSync(file, 65_534, 65_533);
    chmodSync(file, 0o6755);
    chownSync(tree, 65_534, 65_533);
    await world.clear();
    await world.quarantine.restore('agent-1', fresh);
    expect(statSync(join(fresh, 'suid'))).toMatchObject({ uid: 65_534, gid: 65_533 });
    expect(statSync(join(fresh, 'suid')).mode & 0o7777).toBe(0o755);
    expect(statSync(fresh)).toMatchObject({ uid: 65_534, gid: 65_533 });
    expect(lstatSync(join(fresh, '.git'))).toMatchObject({ uid: 65_534, gid: 65_533 });
  });

  it('copies a file that is mostly a hole, and leaves it one', async () => {
    const world = await makeQuarantineWorld();
    const path = join(world.tree, 'large');
    writeFileSync(path, 'begin');
    truncateSync(path, 1 << 26);
    writeFileSync(path, 'end', { flag: 'a' });
    await world.clear();
    await world.quarantine.restore('agent-1', world.fresh);
    const copy = statSync(join(world.fresh, 'large'));
    expect(copy.size).toBe((1 << 26) + 3);
    expect(copy.blocks * 512).toBeLessThan(4 << 20);
  });

  it('follows no link out of the worktree, and writes through none', async () => {
    const world = await makeQuarantineWorld();
    symlinkSync(world.victim, join(world.tree, 'out'));
    symlinkSync('/etc/passwd', join(world.tree, 'passwd'));
    symlinkSync('nowhere', join(world.tree, 'dangling'));
    await world.clear();
    await world.quarantine.restore('agent-1', world.fresh);
    expect(readlinkSync(join(world.fresh, 'out'))).toBe(world.victim);
    expect(readlinkSync(join(world.fresh, 'passwd'))).toBe('/etc/passwd');
    expect(readlinkSync(join(world.fresh, 'dangling'))).toBe('nowhere');
    await world.expectVictimUntouched();
  });
});

describe('a restoration is refused', () => {
  const places: [string, (world: QuarantineWorld) => string, string][] = [
    ['where something is', ({ victim }) => victim, 'Something is at that path already'],
    ['where a link is', ({ root }) => join(root, 'link'), 'Something is at that path already'],
    ['where no directory is', ({ root }) => join(root, 'no', 'such'), 'is not there'],
    [
      'inside a quarantine',
      ({ root }) => join(root, '.killswitch-quarantine', 'x'),
      'inside a quarantine or a git directory',
    ],
    [
      'inside a git directory',
      ({ repository }) => join(repository, '.git', 'x'),
      'inside a quarantine or a git directory',
    ],
  ];
  it.each(places)('%s', async (_, at, why) => {
    const world = await makeQuarantineWorld();
    symlinkSync('/nonexistent', join(world.root, 'link'));
    await world.clear();
    await expect(world.quarantine.restore('agent-1', at(world))).rejects.toThrow(why);
    await world.expectVictimUntouched();
  });

  it('for an entry that is not there', async () => {
    const world = await makeQuarantineWorld();
    await expect(world.quarantine.restore('agent-1', world.fresh)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(existsSync(world.fresh)).toBe(false);
  });

  it('and leaves nothing behind when it fails midway', async () => {
    const world = await makeQuarantineWorld();
    await world.clear();
    const blocked = join(world.repository, '.git', 'worktrees');
    rmSync(blocked, { recursive: true });
    symlinkSync(world.victim, blocked);
    await expect(world.quarantine.restore('agent-1', world.fresh)).rejects.toThrow('something failed inside');
    expect(existsSync(world.fresh)).toBe(false);
    expect(readdirSync(world.victim).sort()).toEqual(['.git', 'README.md', 'work.txt']);
  });
});
