import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { bindMount } from './mounts.helper.js';
import { makeWorld } from './worktree-world.js';

const MOUNTED = { outcome: 'failed', detail: 'the worktree is a mount point or holds one: unmount it' };

describe('a mount', () => {
  it.each(['a', 'with space', 'new\nline', 'back\\slash'])(
    'inside a worktree called %j keeps it where it is, until it is unmounted',
    async name => {
      const { clear, target, victim, expectVictimUntouched } = await makeWorld({ name });
      const unmount = bindMount(victim, join(target.worktreePath, 'mounted'));
      expect(await clear()).toMatchObject(MOUNTED);
      expect(existsSync(join(target.worktreePath, 'mounted', 'work.txt'))).toBe(true);
      await expectVictimUntouched();
      unmount();
      expect(await clear()).toMatchObject({ outcome: 'removed' });
    },
  );

  it('on the worktree itself keeps it where it is', async () => {
    const { clear, target, victim, root, expectVictimUntouched } = await makeWorld();
    const unmount = bindMount(victim, target.worktreePath);
    expect(await clear()).toMatchObject(MOUNTED);
    await expectVictimUntouched();
    unmount();
    expect(await git(target.worktreePath, 'status', '--porcelain')).toBe('');
    expect(existsSync(join(root, '.killswitch-quarantine'))).toBe(false);
  });

  it('beside a worktree, whose path only begins like it, does not matter', async () => {
    const { clear, target, victim } = await makeWorld();
    bindMount(victim, `${target.worktreePath}-other`);
    expect(await clear()).toMatchObject({ outcome: 'removed' });
  });

  it('in the quarantine is never crossed by a deletion', async () => {
    const { clear, logged, time, victim, worktrees, expectVictimUntouched } = await makeWorld();
    const { quarantinePath = '' } = await clear();
    const unmount = bindMount(victim, join(quarantinePath, 'worktree', 'mounted'));
    time.now += 60_000;
    expect(await worktrees.expire()).toBe(0);
    expect(logged).toHaveLength(1);
    await expectVictimUntouched();
    unmount();
    expect(await worktrees.expire()).toBe(1);
    await expectVictimUntouched();
  });
});
