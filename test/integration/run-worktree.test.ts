import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRepository } from '../../lib/adapters/worktree/create.js';
import { git, makeRepository, temporaryDirectory } from '../services/agents.js';
import { build } from '../services/build.js';
import type { Environment } from '../services/server.js';
import { newId, signposts, startRun } from './run.helper.js';
import { openWorld } from './world.js';

const { PATH } = process.env;

describe('the repository around a directory', () => {
  it('is found from a folder in it and from a worktree, and gets a worktree on a new branch', async () => {
    const folder = realpathSync(temporaryDirectory());
    const repository = await makeRepository(folder);
    mkdirSync(join(repository, 'deep/er'), { recursive: true });
    const found = await openRepository(join(repository, 'deep/er'), { PATH });
    expect(found?.repository).toBe(repository);
    const worktree = await found?.addWorktree(join(folder, 'made', 'w1'), 'killswitch/w1');
    expect(worktree).toBe(join(folder, 'made', 'w1'));
    expect((await git(join(folder, 'made', 'w1'), 'branch', '--show-current')).trim()).toBe('killswitch/w1');
    expect((await openRepository(worktree ?? '', { PATH }))?.repository).toBe(repository);
    await expect(found?.addWorktree(join(folder, 'w2'), 'killswitch/w1')).rejects.toThrow(
      /^a branch named 'killswitch\/w1' already exists$/,
    );
  });

  it('is itself where it is bare, and is none where there is none', async () => {
    const folder = realpathSync(temporaryDirectory());
    execFileSync('git', ['init', '--quiet', '--bare', join(folder, 'bare.git')]);
    const found = await openRepository(join(folder, 'bare.git'), { PATH });
    expect(found?.repository).toBe(join(folder, 'bare.git'));
    expect(await openRepository(folder, { PATH, HOME: '/nonexistent' })).toBeUndefined();
    await expect(openRepository(folder, { PATH: '/nonexistent' })).rejects.toThrow();
  });
});

describe('a command in a worktree', () => {
  let world: Awaited<ReturnType<typeof openWorld>>;
  let environment: Environment;
  beforeAll(async () => {
    build();
    world = await openWorld('sqlite', { KILLSWITCH_SANDBOX: 'process' });
    environment = { ...world.environment, KILLSWITCH_URL: world.url };
  });
  const root = (): string => realpathSync(environment['KILLSWITCH_WORKTREE_ROOTS'] ?? '');

  it('runs in a new one below the first root, which a kill moves into the quarantine', async () => {
    const [id, posts] = [newId(), signposts()];
    const script = `pwd > ${posts.path('cwd')}; exec sleep 100000`;
    const { ended } = startRun(['--id', id, '--worktree', '--', 'sh', '-c', script], environment, {
      cwd: world.repository,
    });
    const path = join(root(), id);
    expect(await posts.written('cwd')).toBe(path);
    const members = { status: 'running', worktreePath: path, repository: realpathSync(world.repository) };
    await expect.poll(async () => (await world.request('GET', `/agents/${id}`)).body).toMatchObject(members);
    const { body } = await world.request('POST', `/agents/${id}/kill`, { body: {} });
    expect(body).toMatchObject({ verified: true });
    expect(await ended).toMatchObject({ code: 137 });
    await expect.poll(() => existsSync(path)).toBe(false);
    const branches = await git(world.repository, 'branch', '--list', `killswitch/${id}`);
    expect(branches).toContain(`killswitch/${id}`);
  });

  it('runs in one at a path of its own, and is told that a kill will leave it', async () => {
    const [id, path] = [newId(), join(realpathSync(temporaryDirectory()), 'w')];
    const args = ['--id', id, '--worktree', path, '--', 'pwd'];
    const { code, stdout, stderr } = await startRun(args, environment, { cwd: world.repository }).ended;
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: 0, stdout: `${path}\n` },
      stderr: `killswitch: ${id} has its worktree outside of KILLSWITCH_WORKTREE_ROOTS: a kill leaves it where it is.\n`,
    });
    expect(existsSync(path)).toBe(true);
  });

  it('is not started without a repository, without a root, or where git makes none', async () => {
    const none = await startRun(['--worktree', '--', 'true'], environment, { cwd: '/' }).ended;
    expect(none).toMatchObject({
      code: 1,
      stderr: 'killswitch: / is in no git repository: go to one, or leave out --worktree\n',
    });
    const { KILLSWITCH_WORKTREE_ROOTS: _, ...rootless } = environment;
    const cwd = world.repository;
    const nowhere = await startRun(['--worktree', '--', 'true'], rootless, { cwd }).ended;
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('--worktree <path>') });
    const id = newId();
    const args = ['--id', id, '--worktree', cwd, '--', 'true'];
    const taken = await startRun(args, environment, { cwd }).ended;
    expect(taken).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^killswitch: git could not make the worktree .*already exists/),
    });
    expect((await world.request('GET', `/agents/${id}`)).body).toMatchObject({ status: 'failed' });
  });
});
