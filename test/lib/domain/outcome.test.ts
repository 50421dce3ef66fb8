import { describe, expect, it } from 'vitest';
import { areDown, areVerified, isOwed, type OutcomeName, pendingOf } from '../../../lib/domain/outcome.js';
import type { LayerName } from '../../../lib/domain/sandbox.js';

const seen = (layer: LayerName, outcome: OutcomeName) => ({ layer, outcome });

/** Design: what a receipt may say. A layer, an outcome, whether it is owed, and whether it may still run. */
const cells = [
  ['container', 'dead', true, false],
  ['container', 'removed', false, false],
  ['container', 'alreadyGone', false, false],
  ['container', 'notFound', false, false],
  ['container', 'skipped', false, false],
  ['container', 'blind', true, true],
  ['container', 'refused', true, true],
  ['container', 'failed', true, true],
  ['container', 'pending', true, true],
  ['process', 'dead', false, false],
  ['process', 'alreadyGone', false, false],
  ['process', 'notFound', false, false],
  ['process', 'skipped', false, false],
  ['process', 'blind', true, true],
  ['process', 'refused', true, true],
  ['process', 'failed', true, true],
  ['process', 'pending', true, true],
  ['worktree', 'removed', false, false],
  ['worktree', 'alreadyGone', false, false],
  ['worktree', 'skipped', false, false],
  ['worktree', 'refused', true, false],
  ['worktree', 'failed', true, false],
  ['worktree', 'pending', true, false],
] as const;

describe('an outcome', () => {
  it.each(cells)('%s %s: owed %s, may run %s', (layer, outcome, owed, mayRun) => {
    expect(isOwed(seen(layer, outcome))).toBe(owed);
    expect(areDown([seen(layer, outcome)])).toBe(!mayRun);
  });

  const sandboxes = cells.filter(([layer]) => layer !== 'worktree');
  const proofs: readonly OutcomeName[] = ['dead', 'removed', 'alreadyGone'];
  const matrix = sandboxes.flatMap(one => sandboxes.map(other => [one, other] as const));
  it('proves a death only beside nothing that may still run, whatever became of the worktree', () => {
    for (const [[layer, outcome, , mayRun], [otherLayer, other, , otherMayRun]] of matrix) {
      const isProof = proofs.includes(outcome) || proofs.includes(other);
      for (const [, worktree] of cells.filter(([name]) => name === 'worktree')) {
        const outcomes = [seen(layer, outcome), seen(otherLayer, other), seen('worktree', worktree)];
        expect(areVerified(outcomes)).toBe(isProof && !mayRun && !otherMayRun);
      }
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
    expect(pendingOf(outcomes)).toEqual(['container', 'process', 'worktree']);
  });
});
