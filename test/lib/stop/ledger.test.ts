import { describe, expect, it } from 'vitest';
import { openLedger } from '../../../lib/stop/ledger.js';
import { fakeClock } from '../../fakes/clock.js';

const open = (...[owed = [], detail]: [Parameters<typeof openLedger>[0]?, string?]) => {
  const clock = fakeClock();
  clock.advance(100);
  const ledger = openLedger(owed, { clock, startedAt: 100, ...(detail && { detail }) });
  return { clock, ledger };
};

describe('a ledger', () => {
  it('begins with what is owed', () => {
    expect(open(['container', 'worktree']).ledger.outcomes).toEqual([
      { layer: 'container', outcome: 'pending' },
      { layer: 'worktree', outcome: 'pending' },
    ]);
    expect(open(['process'], 'no answer').ledger.outcomes).toEqual([
      { layer: 'process', outcome: 'pending', detail: 'no answer' },
    ]);
  });

  it('tells when a layer was dead and when it was settled', () => {
    const { clock, ledger } = open(['container']);
    clock.advance(12.34);
    ledger.note({ layer: 'container', outcome: 'dead' });
    expect(ledger.outcomes).toEqual([{ layer: 'container', outcome: 'dead', deadAfterMs: 12.3 }]);
    clock.advance(50);
    ledger.note({ layer: 'container', outcome: 'removed' });
    expect(ledger.outcomes).toEqual([
      { layer: 'container', outcome: 'removed', deadAfterMs: 12.3, settledAfterMs: 62.3 },
    ]);
  });

  it('still knows that a container was seen dead when its removal fails', () => {
    const { ledger } = open();
    ledger.note({ layer: 'container', outcome: 'dead' });
    ledger.note({ layer: 'container', outcome: 'failed', detail: 'busy' });
    expect(ledger.outcomes).toEqual([
      { layer: 'container', outcome: 'failed', detail: 'busy', deadAfterMs: 0 },
    ]);
  });

  it('gives no time of death to a worktree, nor to what was only skipped', () => {
    const { ledger } = open();
    ledger.note({ layer: 'worktree', outcome: 'removed', quarantinePath: '/q' });
    ledger.note({ layer: 'container', outcome: 'skipped' });
    ledger.note({ layer: 'process', outcome: 'notFound' });
    for (const outcome of ledger.outcomes) {
      expect(outcome).not.toHaveProperty('deadAfterMs');
      expect(outcome).toHaveProperty('settledAfterMs', 0);
    }
  });

  it('takes a layer that was not owed', () => {
    const { ledger } = open();
    ledger.note({ layer: 'process', outcome: 'alreadyGone' });
    expect(ledger.outcomes).toMatchObject([{ layer: 'process', outcome: 'alreadyGone', deadAfterMs: 0 }]);
  });
});
