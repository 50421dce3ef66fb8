import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { build } from '../services/build.js';
import { type Ended, runCli } from './cli-run.js';
import { makeQuarantineWorld, type QuarantineWorld } from './quarantine-world.js';

const NAME = 'agent-1~op-1';
const UNPRINTABLE = /[^\P{Cc}\n\t]/u;

async function open() {
  const world = await makeQuarantineWorld();
  const cli = (...args: string[]): Promise<Ended> =>
    runCli(['quarantine', ...args], {
      KILLSWITCH_WORKTREE_ROOTS: world.root,
      KILLSWITCH_STATE_DIR: world.state,
    });
  const json = async (...args: string[]) => JSON.parse((await cli(...args, '--json')).stdout);
  return { ...world, cli, json };
}

const entryOf = ({ root }: QuarantineWorld): string => join(root, '.killswitch-quarantine', NAME);

describe('killswitch quarantine', () => {
  it('lists, shows, compares, restores and deletes what an agent left', async () => {
    const world = await open();
    const { cli, json, tree, fresh, repository } = world;
    writeFileSync(join(tree, 'README.md'), 'changed\n');
    writeFileSync(join(tree, 'notes.txt'), 'a\tb\n');
    const head = (await world.git('rev-parse', 'HEAD')).trim();
    await world.clear();
    mkdirSync(join(entryOf(world), 'evidence'));
    writeFileSync(join(entryOf(world), 'evidence', 'container.log'), 'last words\n');

    const list = await cli('list');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    for (const word of ['agent-1', 'op-1', repository, 'worktree, evidence', 'KiB'])
      expect(list.stdout.replaceAll(/\s*│\s*/g, ' ')).toContain(word.slice(0, 50));
    expect(await json('list')).toMatchObject({
      entries: [{ name: NAME, agentId: 'agent-1', branch: 'a', worktree: true, bytes: expect.any(Number) }],
    });

    const show = await cli('show', 'agent-1');
    expect(show.stdout).toContain('uncommitted  1 changed, 1 untracked, 0 ignored');
    expect(show.stdout).toContain(`commit       ${head}`);
    expect(show.stdout).toContain('container.log (11 bytes)');
    expect(await json('show', NAME)).toMatchObject({
      commit: head,
      ref: 'refs/killswitch/agent-1/op-1',
      uncommitted: { tracked: [{ path: 'README.md', status: 'modified' }], untracked: ['notes.txt'] },
    });

    const diff = await cli('diff', 'agent-1');
    expect(diff.stdout).toContain('+changed');
    expect(diff.stdout).toContain('+a\tb');
    expect((await json('diff', 'agent-1')).patch).toBe(diff.stdout);
    expect((await cli('diff', 'agent-1', '--raw')).stdout).toContain('+changed');

    const restore = await cli('restore', 'agent-1', fresh);
    expect(restore).toMatchObject({ code: 0, stdout: expect.stringContaining('It is on branch a.') });
    expect(restore.stderr).toContain('look at them first');
    expect(await git(fresh, 'status', '--porcelain')).toBe(' M README.md\n?? notes.txt\n');

    const purge = await cli('purge', NAME, '--yes');
    expect(purge).toMatchObject({ code: 0, stdout: 'Deleted 1 entry.\n' });
    expect(readdirSync(entryOf(world))).toEqual(['manifest.json']);
    expect((await cli('list')).stdout).toBe('The quarantine is empty.\n');
    expect(await git(repository, 'for-each-ref', 'refs/killswitch')).toBe('');
    await world.expectVictimUntouched();
  });

  it('means the newest entry by an agent’s ID, and each by its name', async () => {
    const world = await open();
    await world.clear();
    await git(world.repository, 'worktree', 'add', '--quiet', world.tree, 'a');
    world.time.now += 1_000;
    await world.clear({ operationId: 'op-2' });
    expect(await world.json('show', 'agent-1')).toMatchObject({ operationId: 'op-2' });
    expect(await world.json('show', NAME)).toMatchObject({ operationId: 'op-1' });
    const { entries } = await world.json('list');
    expect(entries.map(({ operationId }: { operationId: string }) => operationId)).toEqual(['op-2', 'op-1']);
  });

  it('shows nothing that a terminal obeys', async () => {
    const world = await open();
    const odd = 'evil\x1b[2J\u202e';
    writeFileSync(join(world.tree, odd), `${odd}\n`);
    await world.git('checkout', '--quiet', '-b', 'branch-\u202e');
    await world.clear();
    const manifest = join(entryOf(world), 'manifest.json');
    const changed = { ...JSON.parse(readFileSync(manifest, 'utf8')), repository: `/${odd}` };
    for (const args of [
      ['diff', NAME],
      ['diff', NAME, '--json'],
    ]) {
      const { code, stdout } = await world.cli(...args);
      expect(stdout).toContain('evil');
      expect({ code, found: UNPRINTABLE.exec(stdout)?.[0] }).toEqual({ code: 0, found: undefined });
    }
    writeFileSync(manifest, JSON.stringify(changed));
    for (const args of [['list'], ['show', NAME], ['list', '--json']]) {
      const { stdout } = await world.cli(...args);
      expect(stdout).toContain('\\u001b[2J');
      for (const hidden of ['\x1b', '\u202e']) expect(stdout).not.toContain(hidden);
    }
  });

  it('tells what could not be restored, and ends with 1', async () => {
    const world = await open();
    const { repository: _, ...target } = world.target;
    await world.worktrees.clear(target, AbortSignal.timeout(20_000));
    const { code, stderr } = await world.cli('restore', 'agent-1', world.fresh);
    expect(code).toBe(1);
    expect(stderr).toContain('only the files were restored');
  });

  it('shows an entry whose work cannot be compared', async () => {
    const world = await open();
    const { repository: _, ...target } = world.target;
    await world.worktrees.clear(target, AbortSignal.timeout(20_000));
    const { code, stdout } = await world.cli('show', 'agent-1');
    expect(code).toBe(0);
    expect(stdout).toContain('uncommitted  unknown: the git data of the worktree is missing');
  });

  it('deletes what is over, and nothing else', async () => {
    const world = await open();
    await world.clear();
    expect(await world.json('purge', '--expired', '--yes')).toEqual({ deleted: 0 });
    const manifest = join(entryOf(world), 'manifest.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/("expiresAt": ")\d{4}/, '$11970'));
    expect(await world.json('purge', '--expired', '--yes')).toEqual({ deleted: 1 });
    expect(existsSync(join(entryOf(world), 'worktree'))).toBe(false);
  });
});

describe('killswitch quarantine purge', () => {
  /** On a terminal of its own, with this typed. */
  async function onTerminal(world: QuarantineWorld, typed: string): Promise<{ code: number; said: string }> {
    const command = `'${process.execPath}' '${join(build(), 'functions/cli/main.js')}' quarantine purge ${NAME}`;
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { PATH: process.env['PATH'], KILLSWITCH_WORKTREE_ROOTS: world.root, TERM: 'dumb' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const said = text(child.stdout);
    child.stdin.write(typed);
    const [code] = await once(child, 'close');
    return { code, said: await said };
  }

  it('asks, and deletes only on a yes', async () => {
    const world = await open();
    await world.clear();
    const no = await onTerminal(world, '\n');
    expect(no).toMatchObject({ code: 1, said: expect.stringContaining('for good? [y/N]') });
    expect(existsSync(join(entryOf(world), 'worktree'))).toBe(true);
    expect(await onTerminal(world, 'y\n')).toMatchObject({ code: 0 });
    expect(existsSync(join(entryOf(world), 'worktree'))).toBe(false);
  });

  it('deletes nothing where there is no one to ask', async () => {
    const world = await open();
    await world.clear();
    const { code, stderr } = await world.cli('purge', NAME);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(existsSync(join(entryOf(world), 'worktree'))).toBe(true);
  });
});

describe('killswitch quarantine ends', () => {
  it.each([
    ['a bad name', ['show', '../../etc'], 'agent ID'],
    ['a name and --expired', ['purge', 'a', '--expired', '--yes'], 'Give one entry, or --expired'],
    ['neither', ['purge', '--yes'], 'Give one entry, or --expired'],
    ['no path', ['restore', 'a'], "missing required argument 'path'"],
    ['an unknown verb', ['drop'], "unknown command 'drop'"],
  ])('with 2 for %s', async (_, args, sentence) => {
    const { cli } = await open();
    const { code, stderr } = await cli(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) });
  });

  it('with 2 for a path where something is', async () => {
    const world = await open();
    await world.clear();
    const taken = await world.cli('restore', 'agent-1', world.victim);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('Something is at that path') });
  });

  it.each([['show'], ['diff'], ['purge', '--yes']])('with 1 where nothing is: %s', async (verb, ...more) => {
    const { cli } = await open();
    const { code, stderr } = await cli(verb, 'nobody', ...more);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'killswitch: Nothing of nobody is in the quarantine.\n',
    });
  });
});
