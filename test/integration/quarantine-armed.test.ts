import { execFile } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { git } from '../services/agents.js';
import { makeQuarantineWorld, type QuarantineWorld } from './quarantine-world.js';

/** A program of the agent's that shows by a mark that somebody ran it. */
interface Payload {
  readonly path: string;
  readonly mark: string;
}

function plant({ root }: QuarantineWorld): Payload {
  const [path, mark] = [join(root, '..', 'payload.sh'), join(root, '..', 'mark')];
  writeFileSync(path, `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
  return { path, mark };
}

type Arm = (world: QuarantineWorld, payload: Payload) => unknown;
/** Plain git, as somebody would use it there. */
type Fire = (world: QuarantineWorld) => Promise<unknown>;

const config =
  (...settings: [string, string][]) =>
  async ({ repository }: QuarantineWorld, { path }: Payload): Promise<void> => {
    for (const [name, value] of settings)
      await git(repository, 'config', name, value.replace('PAYLOAD', path));
  };
const attributes = (world: QuarantineWorld, text: string) =>
  writeFileSync(join(world.tree, '.gitattributes'), text);
const hook = (directory: string, { path }: Payload): void => {
  mkdirSync(directory, { recursive: true });
  for (const name of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-commit'])
    symlinkSync(path, join(directory, name));
};
const run =
  (...args: string[]): Fire =>
  world =>
    world.git(...args);
const commit = run('commit', '--quiet', '--allow-empty', '--message=More');
const onTerminal = async ({ tree }: QuarantineWorld): Promise<void> => {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', TERM: 'xterm' };
  // Not with -e: a pager that ends at once is a broken pipe to git, or not, as it happens.
  await promisify(execFile)('script', ['-qfc', `git -C '${tree}' log`, '/dev/null'], { env });
};

/** A repository inside of the worktree that the agent made a submodule of, armed by itself. */
const nested: Arm = async (world, { path }) => {
  const inner = join(world.tree, 'nested');
  await git(world.tree, 'init', '--quiet', inner);
  await git(inner, '-c', 'user.name=x', '-c', 'user.email=x@y', 'commit', '-q', '--allow-empty', '-m', 'x');
  await world.git('add', 'nested');
  await commit(world);
  await git(inner, 'config', 'core.fsmonitor', path);
};

/** One object is missing, and the repository says where to fetch it. */
const lazily =
  (name: string, url: string): Arm =>
  async (world, { path }) => {
    const { repository, tree } = world;
    writeFileSync(join(tree, 'fetched'), 'to be fetched');
    await world.git('add', 'fetched');
    await commit(world);
    const id = (await world.git('rev-parse', 'HEAD:fetched')).trim();
    rmSync(join(repository, '.git', 'objects', id.slice(0, 2), id.slice(2)));
    const settings: [string, string][] = [
      ['core.repositoryFormatVersion', '1'],
      ['extensions.partialClone', 'origin'],
      ['remote.origin.promisor', 'true'],
      ['remote.origin.url', url],
      [name, path],
    ];
    for (const [key, value] of settings) await git(repository, 'config', key, value);
    writeFileSync(join(tree, 'fetched'), 'changed');
  };

const traps: [string, Arm, Fire][] = [
  ['core.fsmonitor', config(['core.fsmonitor', 'PAYLOAD']), run('status')],
  ['a hook', ({ repository }, payload) => hook(join(repository, '.git', 'hooks'), payload), commit],
  [
    'core.hooksPath',
    async ({ repository, root }, payload) => {
      hook(join(root, '..', 'hooks'), payload);
      await git(repository, 'config', 'core.hooksPath', join(root, '..', 'hooks'));
    },
    run('worktree', 'add', '--quiet', '../../elsewhere', 'HEAD'),
  ],
  ...['clean', 'smudge', 'process'].map((kind): [string, Arm, Fire] => [
    `filter.${kind}`,
    async (world, payload) => {
      attributes(world, '* filter=evil\n');
      await config([`filter.evil.${kind}`, 'PAYLOAD'])(world, payload);
    },
    async world => {
      rmSync(join(world.tree, 'README.md'));
      await world.git('checkout', '--', 'README.md').catch(() => undefined);
      writeFileSync(join(world.tree, 'README.md'), 'changed again\n');
      await world.git('add', '--renormalize', 'README.md').catch(() => undefined);
      await world.git('reset', '--quiet').catch(() => undefined);
    },
  ]),
  [
    'diff.textconv',
    async (world, payload) => {
      attributes(world, '* diff=evil\n');
      await config(['diff.evil.textconv', 'PAYLOAD'])(world, payload);
    },
    run('diff'),
  ],
  [
    'diff.command',
    async (world, payload) => {
      attributes(world, '* diff=evil\n');
      await config(['diff.evil.command', 'PAYLOAD'])(world, payload);
    },
    run('diff'),
  ],
  ['diff.external', config(['diff.external', 'PAYLOAD']), run('diff')],
  [
    'includeIf',
    async ({ repository, root }, { path }) => {
      const file = join(root, '..', 'included');
      writeFileSync(file, `[core]\n\tfsmonitor = ${path}\n`);
      await git(repository, 'config', 'includeIf.gitdir:/.path', file);
    },
    run('status'),
  ],
  [
    'the configuration of the worktree alone',
    async (world, { path }) => {
      await git(world.repository, 'config', 'extensions.worktreeConfig', 'true');
      await world.git('config', '--worktree', 'core.fsmonitor', path);
    },
    run('status'),
  ],
  [
    'a .git that leads to another git directory',
    async ({ root, tree }, { path }) => {
      const other = join(root, '..', 'other');
      await git(root, 'init', '--quiet', '--bare', other);
      appendFileSync(join(other, 'config'), `[core]\n\tbare = false\n\tfsmonitor = ${path}\n`);
      writeFileSync(join(tree, '.git'), `gitdir: ${other}\n`);
    },
    run('status'),
  ],
  ['a submodule', nested, run('status')],
  [
    'core.sshCommand in a lazy fetch',
    lazily('core.sshCommand', 'ssh://nowhere/x'),
    world => run('diff')(world).catch(() => undefined),
  ],
  [
    'the upload-pack of a lazy fetch',
    lazily('remote.origin.uploadpack', '/nonexistent'),
    world => run('diff')(world).catch(() => undefined),
  ],
  [
    'gpg.program',
    config(['gpg.program', 'PAYLOAD'], ['commit.gpgSign', 'true']),
    world => commit(world).catch(() => undefined),
  ],
  ['an alias', config(['alias.look', '!PAYLOAD']), run('look')],
  ['core.pager', config(['core.pager', 'PAYLOAD']), onTerminal],
];

describe('an agent’s trap', () => {
  it.each(traps)('in %s catches plain git, and neither show, diff nor restore', async (_, arm, fire) => {
    const world = await makeQuarantineWorld();
    const { quarantine, tree, fresh } = world;
    const payload = plant(world);
    writeFileSync(join(tree, 'README.md'), 'changed\n');
    const dotGit = readFileSync(join(tree, '.git'), 'utf8');
    await arm(world, payload);
    await fire(world);
    expect(existsSync(payload.mark)).toBe(true);
    rmSync(payload.mark);
    writeFileSync(join(tree, 'README.md'), 'changed\n');

    expect(await world.clear()).toMatchObject({ outcome: 'removed' });
    expect(await quarantine.find('agent-1')).toMatchObject({ worktree: true });
    const changes = await quarantine.changes('agent-1');
    expect(changes?.tracked).toContainEqual({ path: 'README.md', status: 'modified' });
    const seen = await quarantine.diff('agent-1').catch(() => undefined);
    if (!_.includes('lazy')) expect(Buffer.from(seen?.patch ?? []).toString()).toContain('+changed');
    const { checkout } = await quarantine.restore('agent-1', fresh);
    expect(checkout).toBeDefined();
    expect(readFileSync(join(fresh, 'README.md'), 'utf8')).toBe('changed\n');
    expect(readFileSync(join(fresh, '.git'), 'utf8')).not.toBe(dotGit);
    await quarantine.purge('agent-1');
    expect(existsSync(payload.mark)).toBe(false);
  });

  it('in the environment of the operator’s shell catches nothing either', async () => {
    const world = await makeQuarantineWorld();
    const { path, mark } = plant(world);
    writeFileSync(join(world.tree, 'README.md'), 'changed\n');
    const env = { ...process.env, GIT_EXTERNAL_DIFF: path };
    await promisify(execFile)('git', ['-C', world.tree, 'diff'], { env });
    expect(existsSync(mark)).toBe(true);
    rmSync(mark);
    await world.clear();
    const armed = {
      GIT_EXTERNAL_DIFF: path,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: path,
      GIT_DIR: join(world.repository, '.git'),
    };
    for (const [name, value] of Object.entries(armed)) vi.stubEnv(name, value);
    await world.quarantine.diff('agent-1');
    await world.quarantine.restore('agent-1', world.fresh);
    vi.unstubAllEnvs();
    expect(existsSync(mark)).toBe(false);
  });

  it('in core.worktree does not lead the comparison elsewhere', async () => {
    const world = await makeQuarantineWorld();
    writeFileSync(join(world.tree, 'README.md'), 'changed\n');
    await git(world.repository, 'config', 'core.worktree', world.victim);
    await world.clear();
    const { untracked, tracked } = await world.quarantine.diff('agent-1');
    expect({ untracked, tracked }).toEqual({
      untracked: [],
      tracked: [{ path: 'README.md', status: 'modified' }],
    });
    await git(world.repository, 'config', '--unset', 'core.worktree');
    await world.expectVictimUntouched();
  });
});

describe('what was not committed shows', () => {
  const hide: [string, (world: QuarantineWorld) => unknown][] = [
    ['is assumed to be unchanged', world => world.git('update-index', '--assume-unchanged', 'README.md')],
    ['is to be skipped in the worktree', world => world.git('update-index', '--skip-worktree', 'README.md')],
    [
      'is ignored through attributes',
      world => writeFileSync(join(dirname(world.admin('a')), '..', 'info', 'attributes'), '* -diff\n'),
    ],
  ];
  it.each(hide)('also where the agent’s index says that it %s', async (_, conceal) => {
    const world = await makeQuarantineWorld();
    await conceal(world);
    writeFileSync(join(world.tree, 'README.md'), 'hidden change\n');
    await world.clear();
    const { patch } = await world.quarantine.diff('agent-1');
    expect(Buffer.from(patch).toString()).toContain('+hidden change');
  });

  it('as a patch that git can apply, binary and odd names included', async () => {
    const world = await makeQuarantineWorld();
    writeFileSync(join(world.tree, 'bin'), Buffer.from(Array.from({ length: 300 }, (_, at) => at % 256)));
    writeFileSync(join(world.tree, 'tab\tand "quotes"\nline'), 'x\n');
    writeFileSync(join(world.tree, 'README.md'), 'changed\r\n\x1b[31m');
    await world.clear();
    const { patch, truncated } = await world.quarantine.diff('agent-1', { whole: true });
    expect(truncated).toBe(false);
    const file = join(world.root, '..', 'patch');
    writeFileSync(file, patch);
    await git(world.repository, 'apply', '--index', file);
    expect(readFileSync(join(world.repository, 'bin'))).toHaveLength(300);
    expect(readFileSync(join(world.repository, 'README.md'), 'latin1')).toBe('changed\r\n\x1b[31m');
    expect(existsSync(join(world.repository, 'tab\tand "quotes"\nline'))).toBe(true);
  });

  it('and a pipe in the place of a file blocks nothing', async () => {
    const world = await makeQuarantineWorld();
    rmSync(join(world.tree, 'README.md'));
    await promisify(execFile)('mkfifo', [join(world.tree, 'README.md'), join(world.tree, 'other')]);
    writeFileSync(join(world.tree, 'new'), 'new\n');
    await world.clear();
    const { patch, tracked } = await world.quarantine.diff('agent-1');
    expect(tracked).toEqual([{ path: 'README.md', status: 'special' }]);
    expect(Buffer.from(patch).toString()).toContain('+new');
  });
});
