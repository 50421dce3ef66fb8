import type { LayerOutcome, OutcomeName } from '../../domain/outcome.js';
import { EngineError } from './errors.js';

/** What was seen of one container. */
export type Seen = Pick<LayerOutcome, 'outcome' | 'detail'>;

/** From the worst to the best: a refusal must not hide that something of the agent still runs. */
const RANK: readonly OutcomeName[] = [
  'failed',
  'pending',
  'blind',
  'refused',
  'paused',
  'resumed',
  'dead',
  'removed',
  'alreadyGone',
  'notFound',
  'skipped',
];

/** The worst of what was seen; of nothing at all: `alreadyGone`. */
export const worstOf = (all: readonly Seen[]): Seen =>
  all.toSorted((a, b) => RANK.indexOf(a.outcome) - RANK.indexOf(b.outcome))[0] ?? { outcome: 'alreadyGone' };

/** The outcome of a call that went wrong, in words that may be shown. */
export function seenOf(error: unknown): Seen & { readonly detail: string } {
  if (!(error instanceof EngineError)) return { outcome: 'failed', detail: 'something failed inside' };
  switch (error.reason) {
    case 'unanswered':
      return { outcome: 'pending', detail: 'the engine does not answer' };
    case 'unreachable':
      return { outcome: 'failed', detail: 'the engine is not reachable' };
    case 'forbidden':
      return {
        outcome: 'failed',
        detail: 'this user may not use the socket of the engine: run as root or as a member of its group',
      };
    case 'broken':
    case 'status':
      return { outcome: 'failed', detail: 'the engine gave no usable answer' };
  }
}

/** The outcome of a call without which it is unknown what there is to kill: nothing was tried. */
export const blindOf = (error: unknown): Seen => ({ ...seenOf(error), outcome: 'blind' });

/** Whether there is no engine here, or none that this user may use; one that does not answer is there. */
export const isNoEngine = (error: unknown): boolean =>
  error instanceof EngineError && (error.reason === 'unreachable' || error.reason === 'forbidden');
