import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { makeWorld, type World } from './worktree-world.js';

const NOBODY = 65_534;
const LEFT = 'its administrative directory was left: ';

/** What an agent may do to its own `.git` without keeping its worktree or its entry. */
const tricks: readonly [string, (world: World) => void][] = [
  [
    'rewrote its .git file',
    ({ target }) => writeFileSync(join(target.worktreePath, '.git'), 'gitdir: /etc\n'),
  ],
  [
    'pointed its .git file at its neighbour',
    ({ target, admin }) => writeFileSync(join(target.worktreePath, '.git'), `gitdir: ${admin('victim')}\n`),
  ],
  ['deleted its .git file', ({ target }) => rmSync(join(target.worktreePath, '.git'))],
  [
    'put a repository in the place of its .git file',
    ({ target }) => {
      rmSync(join(target.worktreePath, '.git'));
      mkdirSync(join(target.worktreePath, '.git', 'objects'), { recursive: true });
    },
  ],
  [
    'put a link in the place of its .git file',
    ({ target, victim }) => {
      rmSync(join(target.worktreePath, '.git'));
      symlinkSync(join(victim, '.git'), join(target.worktreePath, '.git'));
    },
  ],
  ['planted a lock', ({ admin }) => writeFileSync(join(admin('a'), 'locked'), 'mine')],
  ['planted an index.lock', ({ admin }) => writeFileSync(join(admin('a'), 'index.lock'), '')],
  ['emptied its gitdir', ({ admin }) => writeFileSync(join(admin('a'), 'gitdir'), '')],
  ['deleted its gitdir', ({ admin }) => rmSync(join(admin('a'), 'gitdir'))],
  [
    'made its gitdir a link',
    ({ admin, victim }) => {
      rmSync(join(admin('a'), 'gitdir'));
      symlinkSync(join(victim, '.git'), join(admin('a'), 'gitdir'));
    },
  ],
  [
    'pointed its gitdir at nothing',
    ({ admin, root }) => writeFileSync(join(admin('a'), 'gitdir'), `${root}/none/.git\n`),
  ],
  [
    'injected a line into its gitdir',
    ({ admin, victim }) => writeFileSync(join(admin('a'), 'gitdir'), `x\nworktree ${victim}\n`),
  ],
];

describe.each(['linux', 'darwin'] as const)('clearing the worktree of a hostile agent (%s)', platform => {
  it.each(tricks)('clears it all the same when the agent %s', async (_, play) => {
    const world = await makeWorld({ platform });
    play(world);
    expect(await world.clear()).toMatchObject({ outcome: 'removed' });
    expect(existsSync(world.target.worktreePath)).toBe(false);
    expect(await world.listed()).toEqual([world.repository, world.victim]);
    await world.expectVictimUntouched();
  });

  it('leaves the entry that points at its neighbour', async () => {
    const world = await makeWorld({ platform });
    writeFileSync(join(world.admin('a'), 'gitdir'), `${world.victim}/.git\n`);
    expect(await world.clear()).toMatchObject({
      outcome: 'removed',
      detail: `${LEFT}no entry of the repository fits this worktree`,
    });
    expect(existsSync(world.admin('a'))).toBe(true);
    await world.expectVictimUntouched();
  });

  it("leaves the neighbour's entry, though the agent had it point at itself", async () => {
    const world = await makeWorld({ platform });
    const path = world.target.worktreePath;
    rmSync(world.admin('a'), { recursive: true });
    writeFileSync(join(world.admin('victim'), 'gitdir'), `${path}/.git\n`);
    writeFileSync(join(path, '.git'), `gitdir: ${world.admin('victim')}\n`);
    expect(await world.clear()).toMatchObject({ outcome: 'removed', detail: expect.stringContaining(LEFT) });
    expect(existsSync(join(world.admin('victim'), 'HEAD'))).toBe(true);
    await world.expectVictimUntouched();
  });

  it('refuses a worktree that became a link', async () => {
    const world = await makeWorld({ platform });
    const path = world.target.worktreePath;
    rmSync(path, { recursive: true });
    symlinkSync(world.victim, path);
    expect(await world.clear()).toMatchObject({
      outcome: 'refused',
      detail: 'a component of the worktree path is a link or no directory',
    });
    expect(readlinkSync(path)).toBe(world.victim);
    await world.expectVictimUntouched();
  });

  it('refuses a worktree whose parent became a link', async () => {
    const world = await makeWorld({ platform });
    symlinkSync(world.root, join(world.root, 'parent'));
    const outcome = await world.clear({ worktreePath: join(world.root, 'parent', 'victim') });
    expect(outcome).toMatchObject({ outcome: 'refused' });
    await world.expectVictimUntouched();
  });

  it('refuses a file in the place of a worktree', async () => {
    const world = await makeWorld({ platform });
    writeFileSync(join(world.root, 'file'), 'x');
    expect(await world.clear({ worktreePath: join(world.root, 'file') })).toMatchObject({
      outcome: 'refused',
    });
    expect(readFileSync(join(world.root, 'file'), 'utf8')).toBe('x');
  });

  it('leaves an entry that became a link', async () => {
    const world = await makeWorld({ platform });
    rmSync(world.admin('a'), { recursive: true });
    symlinkSync(world.admin('victim'), world.admin('a'));
    expect(await world.clear()).toMatchObject({ outcome: 'removed', detail: expect.stringContaining(LEFT) });
    expect(readlinkSync(world.admin('a'))).toBe(world.admin('victim'));
    await world.expectVictimUntouched();
  });

  it.each([
    ['the repository', ''],
    ['its .git', '.git'],
    ['its directory of worktrees', '.git/worktrees'],
  ])('does not act through %s when that became a link', async (_, name) => {
    const world = await makeWorld({ platform });
    const path = join(world.repository, name);
    const elsewhere = join(world.root, '..', 'elsewhere');
    renameSync(path, elsewhere);
    symlinkSync(elsewhere, path);
    expect(await world.clear()).toMatchObject({ outcome: 'removed', detail: expect.stringContaining(LEFT) });
    expect(existsSync(join(world.admin('a'), 'HEAD'))).toBe(true);
    rmSync(path);
    renameSync(elsewhere, path);
    await world.expectVictimUntouched();
  });

  it('fails, and moves nothing, when the quarantine is a link', async () => {
    const world = await makeWorld({ platform });
    const elsewhere = join(world.root, '..', 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(world.root, '.killswitch-quarantine'));
    expect(await world.clear()).toMatchObject({
      outcome: 'failed',
      detail: 'the quarantine is a link or no directory',
    });
    expect(existsSync(join(elsewhere, 'agent-1~op-1'))).toBe(false);
    expect(await world.listed()).toContain(world.target.worktreePath);
    expect(await git(world.target.worktreePath, 'status', '--porcelain')).toBe('');
  });

  it('fails, and moves nothing, when the quarantine or the entry is not ours', async () => {
    const world = await makeWorld({ platform });
    const quarantine = join(world.root, '.killswitch-quarantine');
    const entry = join(quarantine, 'agent-1~op-1');
    mkdirSync(entry, { recursive: true });
    for (const path of [entry, quarantine]) {
      chownSync(path, NOBODY, NOBODY);
      expect(await world.clear()).toMatchObject({
        outcome: 'failed',
        detail: 'the quarantine belongs to another user',
      });
      chownSync(path, process.getuid?.() ?? 0, 0);
    }
    expect(await git(world.target.worktreePath, 'status', '--porcelain')).toBe('');
    expect(await world.clear()).toMatchObject({ outcome: 'removed' });
    expect(statSync(quarantine).mode & 0o777).toBe(0o700);
  });

  it.each(['../../x', 'a/b', '', 'x\0', '~'])('refuses the operation ID %j', async operationId => {
    const world = await makeWorld({ platform });
    expect(await world.clear({ operationId })).toMatchObject({ outcome: 'refused' });
    expect(existsSync(world.target.worktreePath)).toBe(true);
  });
});
