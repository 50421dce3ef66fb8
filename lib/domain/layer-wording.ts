import { type Name, naming } from './naming.js';
import { isOwed, type LayerOutcome } from './outcome.js';

export const because = (detail: string | undefined): string => (detail ? `: ${detail}` : '');
const after = (ms: number | undefined): string => (ms === undefined ? '' : ` after ${ms} ms`);

export interface LayerWords {
  /** False where paths of the host must not be shown, as in a chat channel. */
  readonly paths: boolean;
}

/** The outcome of one layer in words, such as `container dead after 9 ms, removed after 90 ms`. */
export function describeLayer(
  seen: LayerOutcome,
  { paths }: LayerWords,
  name: Name = naming([seen]),
): string {
  const { layer, outcome, detail, deadAfterMs, settledAfterMs, quarantinePath } = seen;
  const place = name(seen);
  switch (outcome) {
    case 'dead':
      return isOwed(seen)
        ? `${place} dead${after(deadAfterMs)}, not removed yet${because(detail)}`
        : `${place} dead${after(deadAfterMs)}`;
    case 'removed':
      if (layer !== 'worktree') return `${place} dead${after(deadAfterMs)}, removed${after(settledAfterMs)}`;
      if (quarantinePath === undefined) return `worktree removed${after(settledAfterMs)}`;
      return `worktree moved${after(settledAfterMs)} to ${paths ? quarantinePath : 'the quarantine'}`;
    case 'alreadyGone':
      return `${place} already gone`;
    case 'notFound':
      return `no ${place} found${because(detail)}`;
    case 'skipped':
      return `${place} not looked at${because(detail)}`;
    case 'blind':
      return `${place} cannot be seen${because(detail)}`;
    case 'refused':
      return `${place} refused${because(detail)}`;
    case 'failed':
      return `${place} failed${because(detail)}`;
    case 'pending':
      return `${place} not confirmed yet${because(detail)}`;
    case 'paused':
      return `${place} paused${because(detail)}`;
    case 'resumed':
      return `${place} runs again${because(detail)}`;
  }
}
