import type { LayerOutcome } from '../../lib/domain/outcome.js';
import type { Health } from '../../lib/ports/runtime.js';
import type { Target } from '../../lib/ports/sandbox.js';
import type { Worktrees } from '../../lib/ports/worktrees.js';
import { type Faults, faulty } from './faults.js';

export interface Answers {
  clear: LayerOutcome;
  probe: Health;
}

export interface FakeWorktrees {
  readonly worktrees: Worktrees;
  /** Paths at which a worktree stands. */
  readonly standing: Set<string>;
  /** Where each operation put what it cleared, by `agentId~operationId`. */
  readonly entries: Map<string, string>;
  /** Every call of `clear`, in order. */
  readonly calls: Target[];
  readonly faults: Faults<Answers>;
}

/** Worktrees in memory, all of which have to stand below `root`; `null`: switched off. */
export function fakeWorktrees({ root = '/worktrees' as string | null } = {}): FakeWorktrees {
  const standing = new Set<string>();
  const entries = new Map<string, string>();
  const calls: Target[] = [];
  const { faults, through } = faulty<Answers>();
  const say = (outcome: LayerOutcome['outcome'], detail: string): LayerOutcome => ({
    layer: 'worktree',
    outcome,
    detail,
  });

  const placeOf = ({ worktreePath = '' }: Target) => ({ root: root ?? '', path: worktreePath });
  const mayMove = ({ agentId, operationId, worktreePath = '' }: Target): boolean =>
    worktreePath.startsWith(`${root}/`) &&
    standing.has(worktreePath) &&
    !entries.has(`${agentId}~${operationId}`);

  function clear({ agentId, operationId, worktreePath }: Target): LayerOutcome {
    if (root === null)
      return say('skipped', 'KILLSWITCH_WORKTREE_ROOTS is not set: worktrees are left alone');
    if (worktreePath === undefined) return say('skipped', 'no worktree recorded');
    const names = worktreePath.startsWith(`${root}/`) ? worktreePath.slice(root.length + 1).split('/') : [''];
    if (names.some(name => ['', '.', '..'].includes(name)))
      return say('refused', 'not under an allowed root');
    const key = `${agentId}~${operationId}`;
    const stands = !entries.has(key) && standing.delete(worktreePath);
    if (stands) entries.set(key, `${root}/.killswitch-quarantine/${key}`);
    const quarantinePath = entries.get(key);
    return {
      layer: 'worktree',
      outcome: stands ? 'removed' : 'alreadyGone',
      ...(quarantinePath === undefined ? {} : { quarantinePath }),
    };
  }

  return {
    worktrees: {
      async clear(target, deadline, claimed) {
        calls.push(target);
        const against = claimed && mayMove(target) ? await claimed([placeOf(target)]) : undefined;
        if (against) return { layer: 'worktree', ...against };
        return through('clear', () =>
          deadline.aborted ? say('pending', 'no time was left to clear the worktree') : clear(target),
        );
      },
      probe: () => through('probe', () => ({ name: 'worktrees', ok: true })),
    },
    standing,
    entries,
    calls,
    faults,
  };
}
