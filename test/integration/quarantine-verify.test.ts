import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { anchorByDescriptor } from '../../lib/adapters/worktree/directory.js';
import { type Expected, verifyRestored } from '../../lib/adapters/worktree/quarantine-store/verify.js';
import { git } from '../services/agents.js';
import { temporaryDirectory } from '../services/temporary.js';
import { makeQuarantineWorld } from './quarantine-world.js';

const searchPath = process.env['PATH'] ?? '';
const LISTED = 'git does not list it as a worktree of the repository';
const UNLISTED = 'git could not list the worktrees of the repository';

/** A repository with the worktree `a`, as the one that was restored. */
async function restored() {
  const world = await makeQuarantineWorld();
  const anchor = anchorByDescriptor();
  onTestFinished(() => anchor.release());
  const expected: Expected = {
    git: anchor.open(join(world.repository, '.git')),
    path: world.tree,
    commit: (await world.git('rev-parse', 'HEAD')).trim(),
    branch: 'a',
    digits: 40,
  };
  return { ...world, expected };
}

/** A directory with a program in git's place. */
function programs(script: string): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return directory;
}

test('a worktree that git has, with its branch and commit, is as it should be', async () => {
  const { expected } = await restored();
  expect(await verifyRestored(expected, { searchPath })).toBeUndefined();
});

test('so is one with a detached HEAD, and one without a commit', async () => {
  const { expected, git: run } = await restored();
  await run('checkout', '--quiet', '--detach');
  expect(await verifyRestored({ ...expected, branch: undefined }, { searchPath })).toBeUndefined();
  await run('checkout', '--quiet', '--orphan', 'unborn');
  const unborn = { ...expected, branch: 'unborn', commit: undefined };
  expect(await verifyRestored(unborn, { searchPath })).toBeUndefined();
});

test.each<[string, Partial<Expected>]>([
  ['elsewhere', { path: '/elsewhere' }],
  ['below it', { path: '/a' }],
  ['on another branch', { branch: 'main' }],
  ['at another commit', { commit: '1'.repeat(40) }],
])('one that git has %s is not', async (_, other) => {
  const { expected } = await restored();
  expect(await verifyRestored({ ...expected, ...other }, { searchPath })).toBe(LISTED);
});

test('a restore says so where git cannot read the repository’s configuration', async () => {
  const world = await makeQuarantineWorld();
  await world.clear();
  const config = join(world.repository, '.git', 'config');
  const before = readFileSync(config, 'utf8');
  appendFileSync(config, '[core\n');
  const { notes, checkout } = await world.quarantine.restore('agent-1', world.fresh);
  expect(checkout).toMatchObject({ branch: 'a' });
  expect(notes).toContain(UNLISTED);
  writeFileSync(config, before);
});

test('a restore has nothing to say about git where all is well', async () => {
  const world = await makeQuarantineWorld();
  await world.clear();
  const { notes } = await world.quarantine.restore('agent-1', world.fresh);
  expect(notes).toEqual([expect.stringContaining('look at them first')]);
});

test('a git that is not there could not list anything', async () => {
  const { expected } = await restored();
  expect(await verifyRestored(expected, { searchPath: temporaryDirectory() })).toBe(UNLISTED);
});

test('a git that does not end is not waited for', async () => {
  const { expected } = await restored();
  const patience = { withinMs: 100 };
  const ended = programs('exec /bin/sleep 100');
  expect(await verifyRestored(expected, { searchPath: ended, ...patience })).toBe(UNLISTED);
  const stubborn = programs("trap '' INT; /bin/sleep 3; exit 1");
  expect(await verifyRestored(expected, { searchPath: stubborn, ...patience })).toMatch('in time');
});

test('git is given a few variables, and none of this process', async () => {
  const { expected, root } = await restored();
  const file = join(root, '..', 'environment');
  for (const name of ['GIT_EXTERNAL_DIFF', 'GIT_CONFIG_COUNT', 'GIT_SSH_COMMAND', 'OTHER'])
    vi.stubEnv(name, '1');
  onTestFinished(() => void vi.unstubAllEnvs());
  const path = programs(`/usr/bin/env > '${file}'; pwd >> '${file}'; echo "$@" >> '${file}'`);
  await verifyRestored(expected, { searchPath: path });
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const [directory, args] = lines.splice(-2);
  expect(args).toBe(
    '-c core.fsmonitor=false -c core.hooksPath=/dev/null -c protocol.allow=never worktree list --porcelain',
  );
  expect(directory).toBe(expected.git.path);
  expect(lines.filter(line => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line)).sort()).toEqual([
    'GIT_CONFIG_GLOBAL=/dev/null',
    'GIT_CONFIG_NOSYSTEM=1',
    'GIT_DIR=.',
    'GIT_NO_LAZY_FETCH=1',
    'GIT_OPTIONAL_LOCKS=0',
    'GIT_TERMINAL_PROMPT=0',
    // simple-git's own.
    'GIT_TEST_DISALLOW_ABBREVIATED_OPTIONS=true',
    'LC_ALL=C',
    `PATH=${path}`,
  ]);
});

test('a repository that was put in the place of the one that was opened is not asked', async () => {
  const { expected, repository, root } = await restored();
  const mark = join(root, '..', 'mark');
  const other = join(root, '..', 'other');
  await git(root, 'init', '--quiet', other);
  writeFileSync(join(other, '.git', 'config'), `[core]\n\tfsmonitor = touch ${mark}\n`);
  renameSync(repository, join(root, '..', 'aside'));
  renameSync(other, repository);
  expect(await verifyRestored(expected, { searchPath })).toBeUndefined();
  expect(existsSync(mark)).toBe(false);
  renameSync(repository, other);
  renameSync(join(root, '..', 'aside'), repository);
});
