import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorktrees } from '../../lib/adapters/worktree/index.js';
import { addWorktree, git, makeRepository, temporaryDirectory } from '../services/agents.js';
import { makeWorld } from './worktree-world.js';

const clock = { now: Date.now, monotonic: () => performance.now() };
const log = { warn: () => undefined, error: () => undefined, info: () => undefined };
const refusal = (detail: string) => ({ outcome: 'refused', detail });
const MAIN = 'this is the main worktree of a repository';
const NOTHING = 'nothing shows that this directory is a linked worktree';

describe.each(['linux', 'darwin'] as const)('what is no linked worktree (%s)', platform => {
  it('is refused when it is the recorded repository, or holds it', async () => {
    const { clear, root } = await makeWorld({ platform });
    const group = join(root, 'group');
    const repository = await makeRepository(join(group, 'main'));
    symlinkSync(repository, join(root, 'alias'));
    const detail = 'the worktree path is the repository itself or contains it';
    expect(await clear({ repository, worktreePath: repository })).toMatchObject(refusal(detail));
    expect(await clear({ repository, worktreePath: group })).toMatchObject(refusal(detail));
    expect(await clear({ repository: join(repository, '.git'), worktreePath: repository })).toMatchObject(
      refusal(detail),
    );
    expect(await clear({ repository: join(root, 'alias'), worktreePath: repository })).toMatchObject(
      refusal(detail),
    );
    expect(await git(repository, 'status', '--porcelain')).toBe('');
  });

  it('is refused when it is the main worktree of another repository', async () => {
    const { clear, root, worktrees, target } = await makeWorld({ platform });
    const worktreePath = await makeRepository(join(root, 'main'));
    expect(await clear({ worktreePath })).toMatchObject(refusal(MAIN));
    const { repository: _, ...record } = target;
    const outcome = await worktrees.clear({ ...record, worktreePath }, AbortSignal.timeout(20_000));
    expect(outcome).toMatchObject(refusal(MAIN));
    expect(await git(worktreePath, 'status', '--porcelain')).toBe('');
  });

  it('is refused inside a git directory', async () => {
    const { clear, root } = await makeWorld({ platform });
    const repository = await makeRepository(join(root, 'main'));
    const linked = await addWorktree(repository, join(root, 'linked'), 'linked');
    for (const name of ['.git', '.git/worktrees/linked', '.GIT/worktrees']) {
      expect(await clear({ repository, worktreePath: join(repository, name) })).toMatchObject(
        refusal('the worktree path lies inside a quarantine or a git directory'),
      );
    }
    expect(await git(linked, 'status', '--porcelain')).toBe('');
  });

  it("is refused when it is a plain directory, such as one that holds everyone's worktrees", async () => {
    const { clear, repository, root } = await makeWorld({ platform });
    const neighbour = await addWorktree(repository, join(root, 'team', 'b'), 'b');
    expect(await clear({ worktreePath: join(root, 'team') })).toMatchObject(refusal(NOTHING));
    expect(await git(neighbour, 'status', '--porcelain')).toBe('');
  });

  it('is refused when it is a directory inside a worktree, be it a submodule', async () => {
    const { clear, victim } = await makeWorld({ platform });
    mkdirSync(join(victim, 'module'));
    expect(await clear({ worktreePath: join(victim, 'module') })).toMatchObject(refusal(NOTHING));
    writeFileSync(join(victim, 'module', '.git'), 'gitdir: ../.git/modules/module\n');
    expect(await clear({ worktreePath: join(victim, 'module') })).toMatchObject(refusal(NOTHING));
    expect(existsSync(join(victim, 'module', '.git'))).toBe(true);
  });

  it('is refused though a repository that the agent made vouches for it', async () => {
    const { clear, repository, root, target } = await makeWorld({ platform });
    const main = await makeRepository(join(root, 'main'));
    const neighbour = await addWorktree(repository, join(root, 'team', 'b'), 'b');
    const forged = join(target.worktreePath, 'forged');
    for (const path of [main, join(root, 'team')]) {
      const name = path === main ? 'main' : 'team';
      mkdirSync(join(forged, '.git', 'worktrees', name), { recursive: true });
      writeFileSync(join(forged, '.git', 'worktrees', name, 'gitdir'), `${path}/.git\n`);
      expect(await clear({ repository: forged, worktreePath: path })).toMatchObject({ outcome: 'refused' });
    }
    expect(await git(main, 'status', '--porcelain')).toBe('');
    expect(await git(neighbour, 'status', '--porcelain')).toBe('');
  });

  it('is refused inside a quarantine', async () => {
    const { clear, root, target, victim } = await makeWorld({ platform });
    const { quarantinePath = '' } = await clear({ worktreePath: victim, operationId: 'op-0' });
    expect(await clear({ ...target, worktreePath: join(quarantinePath, 'worktree') })).toMatchObject({
      outcome: 'refused',
    });
    expect(await clear({ worktreePath: join(root, '.killswitch-quarantine') })).toMatchObject({
      outcome: 'refused',
    });
    expect(existsSync(join(quarantinePath, 'worktree', 'work.txt'))).toBe(true);
  });
});

describe('worktrees inside a repository', () => {
  it('are cleared when an entry of the repository names them', async () => {
    const { clear, root } = await makeWorld();
    const repository = await makeRepository(join(root, 'main'));
    const worktreePath = await addWorktree(repository, join(repository, '.worktrees', 'b'), 'b');
    expect(await clear({ repository, worktreePath })).toMatchObject({ outcome: 'removed' });
    expect(await git(repository, 'worktree', 'list')).toMatch(/^[^\n]*\[main\]\n$/);
  });
});

describe('the allowed roots', () => {
  it('may be links, in which case a worktree may be recorded by either path', async () => {
    const { repository, root, target, listed } = await makeWorld();
    const alias = join(root, '..', 'alias');
    symlinkSync(root, alias);
    const worktrees = openWorktrees({ roots: [`${alias}/`], ttlMs: 60_000, clock, log });
    const clear = (worktreePath: string, operationId: string) =>
      worktrees.clear({ ...target, worktreePath, operationId }, AbortSignal.timeout(20_000));
    expect(await clear(join(alias, 'a'), 'op-1')).toEqual({
      layer: 'worktree',
      outcome: 'removed',
      quarantinePath: join(root, '.killswitch-quarantine', 'agent-1~op-1'),
    });
    expect(await clear(join(root, 'victim'), 'op-2')).toMatchObject({ outcome: 'removed' });
    expect(await listed()).toEqual([repository]);
  });

  it('may contain one another: no root is ever moved', async () => {
    const directory = temporaryDirectory();
    const repository = await makeRepository(join(directory, 'repository'));
    const inner = join(directory, 'roots', 'group', 'inner');
    mkdirSync(inner, { recursive: true });
    const roots = [join(directory, 'roots'), inner];
    const worktrees = openWorktrees({ roots, ttlMs: 60_000, clock, log });
    const worktreePath = await addWorktree(repository, join(inner, 'b'), 'b');
    const clear = (path: string) =>
      worktrees.clear(
        { agentId: 'a', operationId: 'o', repository, worktreePath: path },
        AbortSignal.timeout(20_000),
      );
    for (const path of [...roots, join(directory, 'roots', 'group')]) {
      expect(await clear(path)).toMatchObject(
        refusal('the worktree path is an allowed root or contains one'),
      );
    }
    expect(await clear(worktreePath)).toMatchObject({ outcome: 'removed' });
  });

  it('are named when they do not exist, and what lies in them is owed until they do', async () => {
    const { clear, root, reopen, target } = await makeWorld();
    renameSync(root, `${root}-unmounted`);
    const worktrees = reopen();
    expect(await worktrees.probe()).toEqual({
      name: 'worktrees',
      ok: false,
      detail: `${root} does not exist`,
    });
    const failed = { outcome: 'failed', detail: 'the allowed root of this worktree does not exist' };
    expect(await clear()).toMatchObject(failed);
    expect(await worktrees.clear(target, AbortSignal.timeout(20_000))).toMatchObject(failed);
    renameSync(`${root}-unmounted`, root);
    expect(await worktrees.clear(target, AbortSignal.timeout(20_000))).toMatchObject({ outcome: 'removed' });
    expect(await worktrees.probe()).toEqual({ name: 'worktrees', ok: true });
  });

  it('are well when there are none, which is told', async () => {
    const worktrees = openWorktrees({ roots: [], ttlMs: 0, clock, log });
    expect(await worktrees.probe()).toEqual({
      name: 'worktrees',
      ok: true,
      detail: 'KILLSWITCH_WORKTREE_ROOTS is not set: worktrees are left alone',
    });
    expect(await worktrees.expire()).toBe(0);
    await worktrees.close();
  });
});

describe('a path', () => {
  it.each([
    ['a component that is too long', (root: string) => join(root, 'x'.repeat(256))],
    ['more than 4095 bytes', (root: string) => `${root}${'/x'.repeat(3000)}`],
    ['a NUL', (root: string) => `${root}/a\0b`],
    ['half a surrogate pair', (root: string) => `${root}/a\ud800`],
    ['a slash at its end', (root: string) => `${root}/a/`],
  ])('with %s is refused', async (_, pathIn) => {
    const { clear, root, target } = await makeWorld();
    expect(await clear({ worktreePath: pathIn(root) })).toMatchObject(
      refusal('the worktree path is not absolute and normalized'),
    );
    expect(existsSync(target.worktreePath)).toBe(true);
  });
});
