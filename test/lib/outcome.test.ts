import { describe, expect, it } from 'vitest';
import type { LayerName } from '../../lib/agent.js';
import { areDown, areVerified, isDown, isOwed, type OutcomeName, pendingOf } from '../../lib/outcome.js';

const seen = (layer: LayerName, outcome: OutcomeName) => ({ layer, outcome });

describe('an outcome', () => {
  it.each([
    ['container', 'dead', true, true],
    ['process', 'dead', false, true],
    ['container', 'removed', false, true],
    ['container', 'alreadyGone', false, true],
    ['container', 'refused', false, false],
    ['container', 'skipped', false, true],
    ['container', 'failed', true, false],
    ['container', 'pending', true, false],
    ['worktree', 'removed', false, true],
    ['worktree', 'failed', true, false],
  ] as const)('%s %s: owed %s, down %s', (layer, outcome, owed, down) => {
    expect(isOwed(seen(layer, outcome))).toBe(owed);
    expect(isDown(seen(layer, outcome))).toBe(down);
  });

  it('stays down when the removal of the remains fails or takes long', () => {
    for (const outcome of ['failed', 'pending'] as const) {
      const remains = { layer: 'container', outcome, deadAfterMs: 3 } as const;
      expect([isDown(remains), isOwed(remains)]).toEqual([true, true]);
      expect(areVerified([remains])).toBe(true);
    }
  });
});

describe('the outcomes of an agent', () => {
  it('are down when no sandbox may still run, whatever became of the worktree', () => {
    expect(areDown([])).toBe(true);
    expect(areDown([seen('container', 'dead'), seen('worktree', 'failed')])).toBe(true);
    expect(areDown([seen('container', 'dead'), seen('process', 'pending')])).toBe(false);
    expect(areDown([seen('container', 'dead'), seen('process', 'refused')])).toBe(false);
  });

  it('are verified only by a sandbox that was looked at', () => {
    expect(areVerified([])).toBe(false);
    expect(areVerified([seen('worktree', 'removed')])).toBe(false);
    expect(areVerified([seen('container', 'skipped')])).toBe(false);
    expect(areVerified([seen('container', 'skipped'), seen('process', 'alreadyGone')])).toBe(true);
    expect(areVerified([seen('container', 'refused'), seen('process', 'dead')])).toBe(false);
  });

  it('name each layer once that is owed', () => {
    const outcomes = [
      seen('container', 'dead'),
      seen('container', 'failed'),
      seen('process', 'refused'),
      seen('worktree', 'pending'),
    ];
    expect(pendingOf(outcomes)).toEqual(['container', 'worktree']);
  });
});
