import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { isLong, openRandom } from '../faults/random.helper.js';
import { makeWorld, type World } from '../integration/worktree-world.js';
import { addWorktree, git } from '../services/agents.js';
import { type Swap, startSwapping } from './swaps.helper.js';

const ROUNDS = isLong ? 250 : 6;
/** Milliseconds in which the clean-up begins after the swapping did. */
const SPAN = 3;

/** What the agent swaps for a link, and where the link leads. */
const attacks: readonly [string, (world: World, decoy: string) => Swap][] = [
  ['its worktree', ({ target, victim }) => ({ path: target.worktreePath, bait: victim })],
  ['the directory above it', ({ root }, decoy) => ({ path: join(root, 'group'), bait: decoy })],
  [
    'its .git file',
    ({ target, victim }) => ({ path: join(target.worktreePath, '.git'), bait: join(victim, '.git') }),
  ],
  ['its administrative directory', ({ admin }) => ({ path: admin('a'), bait: admin('victim') })],
];

it.each(attacks)(
  'hurts no one while an agent swaps %s for a link',
  async (_, plan) => {
    const { random } = openRandom();
    const world = await makeWorld({ name: 'group/a' });
    const { root, repository, target } = world;
    const decoy = join(root, 'decoy');
    const second = await addWorktree(repository, join(decoy, 'a'), 'decoy');
    writeFileSync(join(second, 'work.txt'), 'more unsaved work');
    const swap = plan(world, decoy);
    const outcomes = new Set<string>();
    let swaps = 0;

    for (let round = 0; round < ROUNDS; round++) {
      const attack = await startSwapping(swap);
      await delay(random() * SPAN);
      const { outcome } = await world.clear({ operationId: `op-${round}` });
      swaps += await attack.stop();
      outcomes.add(outcome);
      await world.expectVictimUntouched();
      expect(readFileSync(join(second, 'work.txt'), 'utf8')).toBe('more unsaved work');
      expect(await git(second, 'status', '--porcelain')).toBe('?? work.txt\n');
      await restore(world, swap);
    }
    // Otherwise nothing was raced.
    expect(swaps).toBeGreaterThanOrEqual(ROUNDS);
    if (isLong) expect([...outcomes]).toContain('removed');
    expect(existsSync(target.worktreePath)).toBe(true);
  },
  300_000,
);

/** A worktree as before, for the next round. */
async function restore({ root, repository, target, admin }: World, { path }: Swap): Promise<void> {
  const aside = `${path}.aside`;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(path);
  if (existsSync(aside) && !existsSync(path)) renameSync(aside, path);
  for (const rest of [
    aside,
    join(root, 'group'),
    join(root, '.killswitch-quarantine'),
    admin('a'),
    `${admin('a')}.aside`,
  ]) {
    rmSync(rest, { recursive: true, force: true });
  }
  mkdirSync(join(root, 'group'));
  await git(repository, 'worktree', 'prune');
  await git(repository, 'worktree', 'add', '--quiet', '--force', target.worktreePath, 'a');
}
