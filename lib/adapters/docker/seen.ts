import type { LayerOutcome, OutcomeName } from '../../outcome.js';
import { EngineError } from './errors.js';

/** What was seen of one container. */
export type Seen = Pick<LayerOutcome, 'outcome' | 'detail'>;

/**
 * From the worst to the best. What is owed comes before what is refused: a refusal is final, and must not hide that
 * something of the agent still runs.
 */
const RANK: readonly OutcomeName[] = [
  'failed',
  'pending',
  'blind',
  'refused',
  'dead',
  'removed',
  'alreadyGone',
  'notFound',
  'skipped',
];

/** The worst of what was seen; of nothing at all: `alreadyGone`. */
export const worstOf = (all: readonly Seen[]): Seen =>
  all.toSorted((a, b) => RANK.indexOf(a.outcome) - RANK.indexOf(b.outcome))[0] ?? { outcome: 'alreadyGone' };

/** Of a call that went wrong, in words that may be shown. */
export function seenOf(error: unknown): Seen & { readonly detail: string } {
  if (!(error instanceof EngineError)) return { outcome: 'failed', detail: 'something failed inside' };
  switch (error.reason) {
    case 'unanswered':
      return { outcome: 'pending', detail: 'the engine does not answer' };
    case 'unreachable':
      return { outcome: 'failed', detail: 'the engine is not reachable' };
    case 'broken':
    case 'status':
      return { outcome: 'failed', detail: 'the engine gave no usable answer' };
  }
}
