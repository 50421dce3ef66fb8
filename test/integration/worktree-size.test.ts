import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { makeWorld } from './worktree-world.js';

it('moves a worktree of 5,000 files in one piece', async () => {
  const { clear, target } = await makeWorld();
  for (let folder = 0; folder < 5; folder++) {
    mkdirSync(join(target.worktreePath, `${folder}`));
    for (let file = 0; file < 1_000; file++) {
      writeFileSync(join(target.worktreePath, `${folder}`, `${file}`), '');
    }
  }
  const started = performance.now();
  const { outcome, quarantinePath = '' } = await clear();
  console.log(`5,000 files: ${(performance.now() - started).toFixed(1)} ms`);
  expect(outcome).toBe('removed');
  expect(existsSync(join(quarantinePath, 'worktree', '4', '999'))).toBe(true);
});

it('clears 199 worktrees of one repository, which git forgets, and nothing else', async () => {
  const { admin, clear, listed, repository, root, victim } = await makeWorld();
  const names = Array.from({ length: 198 }, (_, n) => `w${n}`);
  for (const name of names) {
    // What `git worktree add --no-checkout` makes, without two hundred processes.
    mkdirSync(admin(name));
    for (const file of ['HEAD', 'commondir', 'index'])
      copyFileSync(join(admin('a'), file), join(admin(name), file));
    writeFileSync(join(admin(name), 'HEAD'), `ref: refs/heads/${name}\n`);
    writeFileSync(join(admin(name), 'gitdir'), `${join(root, name)}/.git\n`);
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, '.git'), `gitdir: ${admin(name)}\n`);
  }
  expect(await listed()).toHaveLength(201);
  const started = performance.now();
  const outcomes = await Promise.all(
    [...names, 'a'].map(name => clear({ agentId: name, worktreePath: join(root, name) })),
  );
  console.log(`199 worktrees: ${(performance.now() - started).toFixed(1)} ms`);
  expect(new Set(outcomes.map(({ outcome, detail }) => `${outcome} ${detail}`))).toEqual(
    new Set(['removed undefined']),
  );
  expect(await listed()).toEqual([repository, victim]);
  await git(victim, 'status');
});
