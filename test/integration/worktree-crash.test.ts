import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { makeWorld, type World } from './worktree-world.js';

const entryOf = ({ root }: World): string => join(root, '.killswitch-quarantine', 'agent-1~op-1');

/** What a crash between two steps leaves, made from the finished state by going backwards. */
const states: readonly [string, (world: World) => Promise<void>][] = [
  ['the entry was made', async world => void mkdirSync(entryOf(world), { recursive: true, mode: 0o700 })],
  [
    'the worktree was moved',
    async world => {
      await world.clear();
      rmSync(join(entryOf(world), 'manifest.json'));
      renameSync(join(entryOf(world), 'admin'), world.admin('a'));
    },
  ],
  [
    'the administrative directory was moved',
    async world => {
      await world.clear();
      rmSync(join(entryOf(world), 'manifest.json'));
    },
  ],
  [
    'half of the manifest was written',
    async world => {
      await world.clear();
      truncateSync(join(entryOf(world), 'manifest.json'), 20);
    },
  ],
];

describe.each(['linux', 'darwin'] as const)('clearing again after a crash (%s)', platform => {
  it.each(states)('goes on where it ended when %s', async (_, prepare) => {
    const world = await makeWorld({ platform });
    await prepare(world);
    const entry = entryOf(world);
    const again = await world.reopen().clear(world.target, AbortSignal.timeout(20_000));

    expect(again).toEqual({ layer: 'worktree', outcome: expect.anything(), quarantinePath: entry });
    expect(['removed', 'alreadyGone']).toContain(again.outcome);
    expect(existsSync(world.target.worktreePath)).toBe(false);
    expect(existsSync(join(entry, 'worktree', 'README.md'))).toBe(true);
    expect(existsSync(join(entry, 'admin', 'HEAD'))).toBe(true);
    expect(JSON.parse(readFileSync(join(entry, 'manifest.json'), 'utf8'))).toMatchObject({ branch: 'a' });
    expect(await world.listed()).toEqual([world.repository, world.victim]);
    await world.expectVictimUntouched();
  });
});

describe('clearing again after a crash', () => {
  it('leaves the worktree alone that was made at the path meanwhile, and its entry in the repository', async () => {
    const world = await makeWorld();
    await world.clear();
    rmSync(join(entryOf(world), 'manifest.json'));
    const path = world.target.worktreePath;
    await git(world.repository, 'worktree', 'add', '--quiet', path, 'a');
    expect(await world.clear()).toMatchObject({ outcome: 'alreadyGone', quarantinePath: entryOf(world) });
    expect(await git(path, 'status', '--porcelain')).toBe('');
    expect(await world.listed()).toContain(path);
  });

  it('leaves the entry of that worktree alone also when its own is not moved yet', async () => {
    const world = await makeWorld();
    await world.clear();
    rmSync(join(entryOf(world), 'manifest.json'));
    rmSync(join(entryOf(world), 'admin'), { recursive: true });
    const path = world.target.worktreePath;
    await git(world.repository, 'worktree', 'add', '--quiet', path, 'a');
    expect(await world.clear()).toMatchObject({ outcome: 'alreadyGone', quarantinePath: entryOf(world) });
    expect(await git(path, 'status', '--porcelain')).toBe('');
  });

  it('leaves it alone also when only the administrative directory had been there to move', async () => {
    const world = await makeWorld();
    const path = world.target.worktreePath;
    rmSync(path, { recursive: true });
    await world.clear();
    rmSync(join(entryOf(world), 'manifest.json'));
    await git(world.repository, 'worktree', 'add', '--quiet', path, 'a');
    expect(await world.clear()).toMatchObject({ outcome: 'alreadyGone' });
    expect(await git(path, 'status', '--porcelain')).toBe('');
  });

  it('finds the administrative directory that is kept in a repository on another filesystem', async () => {
    const world = await makeWorld();
    await world.clear();
    const entry = entryOf(world);
    const kept = join(world.repository, '.git', 'killswitch-quarantine', 'agent-1~op-1');
    mkdirSync(kept, { recursive: true, mode: 0o700 });
    renameSync(join(entry, 'admin'), join(kept, 'admin'));
    rmSync(join(entry, 'manifest.json'));
    expect(await world.clear()).toEqual({
      layer: 'worktree',
      outcome: 'alreadyGone',
      quarantinePath: entry,
    });
    expect(JSON.parse(readFileSync(join(entry, 'manifest.json'), 'utf8'))).toMatchObject({
      repositoryEntry: kept,
    });
  });
});
