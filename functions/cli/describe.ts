import type { AgentReceipt, LayerOutcome } from '../../lib/outcome.js';

export const ms = (time: number | undefined): string => (time === undefined ? '?' : `${time} ms`);

const because = (detail: string | undefined): string => (detail === undefined ? '' : `: ${detail}`);

function what({ layer, outcome, detail, deadAfterMs, settledAfterMs, quarantinePath }: LayerOutcome): string {
  switch (outcome) {
    case 'dead':
      return layer === 'process'
        ? `dead after ${ms(deadAfterMs)}`
        : `dead after ${ms(deadAfterMs)}, NOT REMOVED YET${because(detail)}`;
    case 'removed':
      return layer === 'worktree'
        ? `moved after ${ms(settledAfterMs)}${quarantinePath === undefined ? '' : ` to ${quarantinePath}`}`
        : `dead after ${ms(deadAfterMs)}, removed after ${ms(settledAfterMs)}`;
    case 'alreadyGone':
      return 'already gone';
    case 'notFound':
      return `not found${because(detail)}`;
    case 'skipped':
      return `skipped${because(detail)}`;
    default:
      return `${outcome.toUpperCase()}${because(detail)}`;
  }
}

/** What was seen of one layer. */
export const describeLayer = (seen: LayerOutcome): string => `${seen.layer} ${what(seen)}`;

/** What was seen of one agent, in one line; says `dead` only of what was seen dead. */
export function describeAgent({ agentId, verified, pending, outcomes, error }: AgentReceipt): string {
  if (error)
    return `${agentId}  NOT MARKED KILLED: ${[error.detail, ...outcomes.map(describeLayer)].join('; ')}`;
  const word = verified ? (pending.length > 0 ? 'dead, not cleaned up' : 'dead') : 'NOT CONFIRMED';
  return `${agentId}  ${word}: ${outcomes.map(describeLayer).join('; ') || 'nobody was asked'}`;
}
