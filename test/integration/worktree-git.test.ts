import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { simpleGit } from 'simple-git';
import { describe, expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { makeWorld } from './worktree-world.js';

const readManifest = (entry: string): unknown =>
  JSON.parse(readFileSync(join(entry, 'manifest.json'), 'utf8'));

describe.each(['linux', 'darwin'] as const)('clearing a worktree of a real repository (%s)', platform => {
  it('makes git forget it, and frees its branch with its commits', async () => {
    const { clear, repository, root, target, victim, expectVictimUntouched } = await makeWorld({ platform });
    await git(target.worktreePath, 'commit', '--quiet', '--allow-empty', '--message=Work');
    const head = (await git(target.worktreePath, 'rev-parse', 'HEAD')).trim();
    expect(await clear()).toMatchObject({ outcome: 'removed' });

    const client = simpleGit(repository);
    const list = await client.raw(['worktree', 'list', '--porcelain']);
    expect(list.match(/^worktree .*/gm)).toEqual([`worktree ${repository}`, `worktree ${victim}`]);
    await client.raw(['worktree', 'add', join(root, 'next'), 'a']);
    expect((await git(join(root, 'next'), 'rev-parse', 'HEAD')).trim()).toBe(head);
    await expectVictimUntouched();
  });

  it('keeps the whole worktree and tells in a manifest what it was', async () => {
    const { clear, repository, root, target, time } = await makeWorld({ platform });
    const head = (await git(target.worktreePath, 'rev-parse', 'HEAD')).trim();
    const entry = join(root, '.killswitch-quarantine', 'agent-1~op-1');
    expect(await clear()).toEqual({ layer: 'worktree', outcome: 'removed', quarantinePath: entry });

    expect(readFileSync(join(entry, 'worktree', 'README.md'), 'utf8')).toBe('# A repository\n');
    expect(readFileSync(join(entry, 'admin', 'HEAD'), 'utf8')).toBe('ref: refs/heads/a\n');
    expect(readManifest(entry)).toEqual({
      version: 1,
      agentId: 'agent-1',
      operationId: 'op-1',
      host: 'h1',
      repository,
      worktreePath: target.worktreePath,
      adminName: 'a',
      branch: 'a',
      commit: head,
      ref: 'refs/killswitch/agent-1/op-1',
      outcome: 'removed',
      clearedAt: new Date(time.now).toISOString(),
      expiresAt: new Date(time.now + 60_000).toISOString(),
    });
    for (const directory of [entry, join(entry, '..')]) expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('can be undone by moving both back', async () => {
    const { admin, clear, target } = await makeWorld({ platform });
    const { quarantinePath = '' } = await clear();
    renameSync(join(quarantinePath, 'worktree'), target.worktreePath);
    renameSync(join(quarantinePath, 'admin'), admin('a'));
    expect(await git(target.worktreePath, 'status', '--porcelain')).toBe('');
  });
});

describe('clearing a worktree of a real repository', () => {
  it('notes the commit of a detached HEAD, and of a branch whose ref is packed', async () => {
    const { clear, repository, target } = await makeWorld();
    const head = (await git(target.worktreePath, 'rev-parse', 'HEAD')).trim();
    await git(repository, 'pack-refs', '--all');
    const packed = readManifest((await clear()).quarantinePath ?? '');
    expect(packed).toMatchObject({ branch: 'a', commit: head });

    await git(repository, 'worktree', 'add', '--quiet', '--detach', target.worktreePath);
    const detached = readManifest((await clear({ operationId: 'op-2' })).quarantinePath ?? '');
    expect(detached).toMatchObject({ commit: head });
    expect(detached).not.toHaveProperty('branch');
  });

  it('works for a bare repository', async () => {
    const { clear, repository, root } = await makeWorld();
    const bare = join(root, '..', 'bare.git');
    await git(repository, 'clone', '--quiet', '--bare', repository, bare);
    await git(bare, 'worktree', 'add', '--quiet', join(root, 'b'), 'a');
    expect(await clear({ repository: bare, worktreePath: join(root, 'b') })).toMatchObject({
      outcome: 'removed',
    });
    expect(await git(bare, 'worktree', 'list')).toMatch(/^[^\n]*\(bare\)\n$/);
  });

  it('moves a locked worktree too', async () => {
    const { clear, listed, repository, target, victim } = await makeWorld();
    await git(repository, 'worktree', 'lock', target.worktreePath);
    expect(await clear()).toMatchObject({ outcome: 'removed' });
    expect(await listed()).toEqual([repository, victim]);
  });

  it('finds the entry under the counter that git had to append', async () => {
    const { admin, clear, listed, repository, root, victim } = await makeWorld();
    mkdirSync(join(root, 'other'));
    const worktreePath = join(root, 'other', 'a');
    await git(repository, 'worktree', 'add', '--quiet', '--detach', worktreePath);
    expect(existsSync(admin('a1'))).toBe(true);
    rmSync(join(worktreePath, '.git'));
    expect(await clear({ worktreePath })).toMatchObject({ outcome: 'removed' });
    expect(existsSync(admin('a1'))).toBe(false);
    expect(await listed()).toEqual([repository, join(root, 'a'), victim]);
  });

  it.each(['new\nline', 'a b', '.dot', 'é~1', 'two..dots', 'x.lock', 'at@{brace', '-dash'])(
    'finds the entry that git made for a directory called %j',
    async name => {
      const { clear, listed, repository, victim } = await makeWorld({ name });
      expect(await listed()).toHaveLength(3);
      const outcome = await clear();
      expect(outcome).toMatchObject({ outcome: 'removed' });
      expect(outcome.detail).toBeUndefined();
      expect(await listed()).toEqual([repository, victim]);
    },
  );

  it('forgets the entry of a worktree that was deleted', async () => {
    const { clear, listed, repository, root, target, victim } = await makeWorld();
    rmSync(target.worktreePath, { recursive: true });
    expect(await clear()).toEqual({ layer: 'worktree', outcome: 'alreadyGone' });
    expect(await listed()).toEqual([repository, victim]);
    expect(existsSync(join(root, '.killswitch-quarantine', 'agent-1~op-1', 'admin', 'HEAD'))).toBe(true);
    expect(await clear()).toEqual({ layer: 'worktree', outcome: 'alreadyGone' });
  });

  it('forgets the entry also when the directories above are gone', async () => {
    const { clear, listed, repository, root, victim } = await makeWorld();
    const worktreePath = join(root, 'task', 'deep', 'b');
    await git(repository, 'worktree', 'add', '--quiet', '--detach', worktreePath);
    rmSync(join(root, 'task'), { recursive: true });
    expect(await clear({ worktreePath })).toMatchObject({ outcome: 'alreadyGone' });
    expect(await listed()).toEqual([repository, join(root, 'a'), victim]);
  });

  it.each([
    ['missing', '/nonexistent/repository', 'the repository is not there'],
    ['not normalized', '/tmp/../repository', 'the repository path is not absolute and normalized'],
    ['relative', 'repository', 'the repository path is not absolute and normalized'],
    ['not recorded', undefined, 'no repository is recorded'],
  ])('clears the worktree of a repository that is %s, and says what it left', async (_, repository, why) => {
    const { worktrees, target } = await makeWorld();
    const { repository: __, ...record } = target;
    const outcome = await worktrees.clear(
      { ...record, ...(repository === undefined ? {} : { repository }) },
      AbortSignal.timeout(20_000),
    );
    expect(outcome).toMatchObject({
      outcome: 'removed',
      detail: `its administrative directory was left: ${why}`,
    });
    expect(existsSync(target.worktreePath)).toBe(false);
  });

  it('leaves no file descriptor open', async () => {
    const { clear, target, root, victim } = await makeWorld();
    const open = () => readdirSync('/proc/self/fd').length;
    await clear({ worktreePath: victim, operationId: 'warm-up' });
    const before = open();
    await clear();
    await clear();
    await clear({ worktreePath: join(root, '..') });
    await clear({ ...target, worktreePath: join(root, 'x', 'y') });
    expect(open()).toBe(before);
  });
});
