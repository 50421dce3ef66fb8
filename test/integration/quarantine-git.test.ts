import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { anchorByDescriptor } from '../../lib/adapters/worktree/directory.js';
import { openTrustedGit } from '../../lib/adapters/worktree/quarantine-store/git.js';
import { temporaryDirectory } from '../services/temporary.js';

/** The runner, with a program in git's place. */
function withProgram(script: string | undefined) {
  const [bin, tree] = [temporaryDirectory(), temporaryDirectory()];
  if (script !== undefined) writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  mkdirSync(join(tree, 'objects'));
  const anchor = anchorByDescriptor();
  const worktree = anchor.open(tree);
  const objects = anchor.enter(worktree, 'objects');
  const git = openTrustedGit({ objects, worktree, digits: 40, commit: undefined, path: bin });
  onTestFinished(() => {
    git.close();
    anchor.release();
  });
  return { git, bin };
}

const failed = (message: string) => expect.objectContaining({ name: 'Verdict', outcome: 'failed', message });

test('git is given the variables that are named here, and none of this process', async () => {
  const { git, bin } = withProgram('/usr/bin/env');
  for (const name of ['GIT_DIR', 'GIT_EXTERNAL_DIFF', 'LD_PRELOAD_NOT', 'NODE_OPTIONS_NOT'])
    vi.stubEnv(name, '/tmp/elsewhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { output } = await git.run([], { index: '/index' });
  const variables = Object.fromEntries(
    output
      .toString()
      .trim()
      .split('\n')
      .map(line => line.split('=', 2) as [string, string])
      // The shell's own.
      .filter(([name]) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)),
  );
  expect(variables).toEqual({
    PATH: bin,
    HOME: git.directory,
    LC_ALL: 'C',
    GIT_DIR: git.directory,
    GIT_WORK_TREE: expect.stringMatching(/^\/proc\/\d+\/fd\/\d+$/),
    GIT_INDEX_FILE: '/index',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: '',
    GIT_LITERAL_PATHSPECS: '1',
  });
});

test('output without end is cut at the limit, and git is ended', async () => {
  const { git } = withProgram(`trap '' PIPE; echo $$ > "$HOME/pid"; while :; do echo yyyyyyyyyyyyyyyy; done`);
  const { output, truncated } = await git.run([], { limit: 1_001 });
  expect(truncated).toBe(true);
  expect(output).toHaveLength(1_001);
  const pid = readFileSync(join(git.directory, 'pid'), 'utf8').trim();
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

test('output of just the limit is whole', async () => {
  const { git } = withProgram('printf 12345');
  expect(await git.run([], { limit: 5 })).toEqual({ output: Buffer.from('12345'), truncated: false });
});

test('input that git does not read to its end is no failure', async () => {
  const { git } = withProgram('echo done');
  const input = Buffer.alloc(4 << 20);
  expect(String((await git.run([], { input })).output)).toBe('done\n');
});

test('input reaches git byte by byte, and an empty one ends at once', async () => {
  const { git } = withProgram('exec /bin/cat');
  const input = Buffer.from([0, 255, 10, 13, 0]);
  expect((await git.run([], { input })).output).toEqual(input);
  expect((await git.run([])).output).toHaveLength(0);
});

test('an exit code is a failure unless it is allowed, and what git said is for the log alone', async () => {
  const { git } = withProgram('echo "fatal: /a/secret/path" >&2; exit 3');
  expect((await git.run([], { allow: [3] })).truncated).toBe(false);
  const failure = await git.run([]).catch((error: unknown) => error);
  expect(failure).toEqual(failed('git could not read the worktree or its repository'));
  expect((failure as Error).cause).toEqual(new Error('fatal: /a/secret/path\n'));
});

test('a git that is killed has failed', async () => {
  const { git } = withProgram('kill -9 $$');
  await expect(git.run([])).rejects.toEqual(failed('git could not read the worktree or its repository'));
});

test('a git that is not there could not be started', async () => {
  const { git } = withProgram(undefined);
  await expect(git.run([])).rejects.toEqual(failed('git could not be started'));
});
