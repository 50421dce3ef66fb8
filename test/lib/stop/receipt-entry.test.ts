import { describe, expect, it } from 'vitest';
import type { Debt } from '../../../lib/domain/debt.js';
import { openEntry } from '../../../lib/stop/receipt.js';
import { fakeClock } from '../../fakes/clock.js';

const open = (pending: readonly Debt[] = [], detail?: string) => {
  const clock = fakeClock();
  clock.advance(100);
  const kill = { operationId: 'op', requestedAt: '', requestedBy: 'alice', pending, attempts: 0 };
  const opening = {
    agent: { agentId: 'a1', kill },
    operationId: 'op',
    startedAt: 100,
    ...(detail && { detail }),
  };
  return { clock, entry: openEntry(opening, clock, async () => undefined) };
};

describe('what is noted of one agent', () => {
  it('begins with what is owed', () => {
    expect(open(['container', 'worktree']).entry.outcomes).toEqual([
      { layer: 'container', outcome: 'pending' },
      { layer: 'worktree', outcome: 'pending' },
    ]);
    expect(open(['process'], 'no answer').entry.outcomes).toEqual([
      { layer: 'process', outcome: 'pending', detail: 'no answer' },
    ]);
  });

  it('tells when a layer was dead and when it was settled', () => {
    const { clock, entry } = open(['container']);
    clock.advance(12.34);
    entry.note({ layer: 'container', outcome: 'dead' });
    expect(entry.outcomes).toEqual([{ layer: 'container', outcome: 'dead', deadAfterMs: 12.3 }]);
    clock.advance(50);
    entry.note({ layer: 'container', outcome: 'removed' });
    expect(entry.outcomes).toEqual([
      { layer: 'container', outcome: 'removed', deadAfterMs: 12.3, settledAfterMs: 62.3 },
    ]);
  });

  it('still knows that a container was seen dead when its removal fails', () => {
    const { entry } = open();
    entry.note({ layer: 'container', outcome: 'dead' });
    entry.note({ layer: 'container', outcome: 'failed', detail: 'busy' });
    expect(entry.outcomes).toEqual([
      { layer: 'container', outcome: 'failed', detail: 'busy', deadAfterMs: 0 },
    ]);
  });

  it('gives no time of death to a worktree, nor to what was only skipped', () => {
    const { entry } = open();
    entry.note({ layer: 'worktree', outcome: 'removed', quarantinePath: '/q' });
    entry.note({ layer: 'container', outcome: 'skipped' });
    entry.note({ layer: 'process', outcome: 'notFound' });
    for (const outcome of entry.outcomes) {
      expect(outcome).not.toHaveProperty('deadAfterMs');
      expect(outcome).toHaveProperty('settledAfterMs', 0);
    }
  });

  it('keeps apart what is said of each sandbox, and forgets what was owed less exactly', () => {
    const { entry } = open(['container', 'docker']);
    entry.note({ layer: 'container', kind: 'docker', id: 'A', outcome: 'removed' });
    entry.note({ layer: 'container', kind: 'podman', id: 'B', outcome: 'failed' });
    expect(entry.outcomes).toMatchObject([
      { kind: 'docker', id: 'A', outcome: 'removed' },
      { kind: 'podman', id: 'B', outcome: 'failed' },
    ]);
    entry.note({ layer: 'container', kind: 'podman', id: 'B', outcome: 'dead', needsRemoval: true });
    expect(entry.outcomes).toHaveLength(2);
  });

  it('takes a layer that was not owed', () => {
    const { entry } = open();
    entry.note({ layer: 'process', outcome: 'alreadyGone' });
    expect(entry.outcomes).toMatchObject([{ layer: 'process', outcome: 'alreadyGone', deadAfterMs: 0 }]);
  });
});
