import { describe, expect, it } from 'vitest';
import type { OutcomeName } from '../../lib/domain/outcome.js';
import { fakeCore, killOf, stopOn } from '../fakes/core.js';
import type { Fault } from '../fakes/sandbox.js';
import { type Bed, brief, outcomeOf, stopBoth } from './bench.js';

describe('a sandbox whose kill', () => {
  it.each<[Fault, OutcomeName, OutcomeName, number]>([
    ['throws', 'failed', 'pending', 1],
    ['hangs', 'pending', 'pending', 1],
    ['gone', 'alreadyGone', 'removed', 0],
    ['duplicate', 'removed', 'removed', 0],
    ['lies', 'removed', 'removed', 0],
  ])('%s is %s, its worktree %s, and the others stop', async (fault, container, worktree, failed) => {
    const bed = fakeCore(brief);
    bed.containers.inject('kill', fault, { agentId: 'a1' });
    const receipt = await stopBoth(bed);
    expect(outcomeOf(receipt, 'a1', 'container')).toBe(container);
    expect(outcomeOf(receipt, 'a1', 'worktree')).toBe(worktree);
    expect(receipt).toMatchObject({ total: 2, failed, killed: 2 - failed, pending: failed });
    expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
  });

  it('answers late is waited for within its time', async () => {
    const bed = fakeCore();
    bed.containers.inject('kill', 'late', { agentId: 'a1' });
    const receipt = await stopBoth(bed, () => setImmediate(() => bed.containers.release()));
    expect(receipt).toMatchObject({ killed: 2, pending: 0, verified: true });
  });

  it('answers too late is pending, and paid with the next order', async () => {
    const bed = fakeCore(brief);
    bed.containers.inject('kill', 'late', { agentId: 'a1' });
    expect(outcomeOf(await stopBoth(bed), 'a1', 'container')).toBe('pending');
    bed.containers.release();
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({ killed: 1, pending: 0 });
  });
});

describe('a sandbox whose remove', () => {
  it.each<[Fault, OutcomeName, number]>([
    ['throws', 'dead', 1],
    ['hangs', 'dead', 1],
    ['late', 'dead', 1],
    ['gone', 'alreadyGone', 0],
    ['duplicate', 'alreadyGone', 0],
    ['lies', 'removed', 0],
  ])(
    '%s leaves it %s, with the agent dead and its worktree cleared all the same',
    async (fault, container, pending) => {
      const bed = fakeCore(brief);
      bed.containers.inject('remove', fault, { agentId: 'a1' });
      const receipt = await stopBoth(bed);
      expect(outcomeOf(receipt, 'a1', 'container')).toBe(container);
      expect(outcomeOf(receipt, 'a1', 'worktree')).toBe('removed');
      expect(receipt).toMatchObject({ killed: 2, failed: 0, pending, verified: true });
    },
  );
});

describe('worktrees that', () => {
  const only = (bed: Bed, act: () => Promise<never> | ReturnType<Bed['core']['worktrees']['clear']>) => {
    const { worktrees } = bed.core;
    return {
      ...bed,
      core: {
        ...bed.core,
        worktrees: {
          ...worktrees,
          clear: (...[target, deadline]: Parameters<typeof worktrees.clear>) =>
            target.agentId === 'a1' ? act() : worktrees.clear(target, deadline),
        },
      },
    };
  };

  it.each<[string, () => Promise<never>, OutcomeName]>([
    ['reject', () => Promise.reject(new Error('broken')), 'failed'],
    [
      'throw',
      () => {
        throw new Error('broken');
      },
      'failed',
    ],
    ['hang', () => new Promise<never>(() => undefined), 'pending'],
  ])('%s leave the worktree owed, with the agent dead', async (_, act, worktree) => {
    const receipt = await stopBoth(only(fakeCore(brief), act));
    expect(outcomeOf(receipt, 'a1', 'container')).toBe('removed');
    expect(outcomeOf(receipt, 'a1', 'worktree')).toBe(worktree);
    expect(receipt).toMatchObject({ killed: 2, failed: 0, pending: 1, verified: true });
  });

  it('speak of another layer do not change what is known of that', async () => {
    const lie = async () => ({ layer: 'container', outcome: 'refused' }) as const;
    const receipt = await stopBoth(only(fakeCore(), lie));
    expect(outcomeOf(receipt, 'a1', 'container')).toBe('removed');
    expect(outcomeOf(receipt, 'a1', 'worktree')).toBe('refused');
  });

  it.each<[string, (bed: Bed) => void, OutcomeName]>([
    ['are gone already', bed => bed.trees.standing.delete('/worktrees/a1'), 'alreadyGone'],
    ['get the call twice', bed => bed.trees.faults.duplicate('clear'), 'alreadyGone'],
    ['answer late', bed => bed.trees.faults.late('clear', 1), 'removed'],
  ])('%s are cleared: %s', async (_, meddle, worktree) => {
    const bed = fakeCore();
    await bed.agent('a1');
    meddle(bed);
    const receipt = await stopOn(bed.core).stop(killOf('a1'));
    expect(receipt).toMatchObject({ message: 'Agent a1 killed successfully', pending: 0 });
    expect(outcomeOf(receipt, 'a1', 'worktree')).toBe(worktree);
  });
});
