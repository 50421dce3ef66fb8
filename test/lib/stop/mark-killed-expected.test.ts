import { describe, expect, it } from 'vitest';
import { areVerified, type LayerOutcome } from '../../../lib/domain/outcome.js';
import { fakeCore, killAllOf, killOf, stopOn } from '../../fakes/core.js';

const requestedAt = '2026-11-22T10:00:00.000Z';

describe('a kill that expects a container', () => {
  it('is refused where the record names another one, and goes ahead where it names that one', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const stop = stopOn(bed.core);
    await expect(stop.stop(killOf('a1', { expectedContainerId: 'f'.repeat(64) }))).rejects.toMatchObject({
      code: 'container_changed',
      message: 'The record names another container',
    });
    expect([await agent.isAlive(), (await bed.record('a1')).status]).toEqual([true, 'running']);
    const { containerId } = (await bed.record('a1')) as { containerId: string };
    await stop.stop(killOf('a1', { expectedContainerId: containerId }));
    expect(await agent.isAlive()).toBe(false);
  });
});

describe('an order from the time without the store', () => {
  it.each(['completed', 'failed'])('marks killed who is said to have %s since', async status => {
    const bed = fakeCore();
    await bed.agent('a1', { status: status as 'failed' });
    await stopOn(bed.core).resume(killAllOf({ requestedAt, wereActive: ['a1'] }));
    expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
  });

  it('leaves alone who had ended before', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'failed', container: false });
    await stopOn(bed.core).resume(killAllOf({ requestedAt, wereActive: ['a2'] }));
    expect(await bed.record('a1')).toMatchObject({ status: 'failed' });
  });
});

describe('a death is verified', () => {
  it.each<[string, boolean, LayerOutcome[]]>([
    ['when all that may run was seen gone', true, [{ layer: 'process', outcome: 'dead' }]],
    [
      'not while another sandbox may still run it',
      false,
      [
        { layer: 'process', outcome: 'dead' },
        { layer: 'container', outcome: 'pending' },
      ],
    ],
    [
      'also where a guard forbade to clear the worktree: that says nothing of the agent',
      true,
      [
        { layer: 'process', outcome: 'dead' },
        { layer: 'worktree', outcome: 'refused' },
      ],
    ],
    ['not by a worktree that was moved', false, [{ layer: 'worktree', outcome: 'removed' }]],
  ])('%s', (_, verified, outcomes) => {
    expect(areVerified(outcomes)).toBe(verified);
  });
});
