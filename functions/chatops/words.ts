import type { Selector } from '../../lib/command.js';
import { type AgentReceipt, isSeen, type LayerOutcome } from '../../lib/outcome.js';
import type { Seen } from './receipt.js';

export const count = (agents: number): string => `${agents} ${agents === 1 ? 'agent' : 'agents'}`;

/** Whom a selector selects. */
export function whom({ agentIds, taskId, host, status, labels = {} }: Selector): string {
  const parts = [
    ...(agentIds ? [agentIds.join(', ')] : []),
    ...(taskId === undefined ? [] : [`task ${taskId}`]),
    ...(host === undefined ? [] : [`host ${host}`]),
    ...(status === undefined ? [] : [`status ${[status].flat().join(' or ')}`]),
    ...Object.entries(labels).map(([name, value]) => `label ${name}=${value}`),
  ];
  return parts.length > 0 ? `the agents with ${parts.join(', ')}` : 'every agent';
}

const because = (detail: string | undefined): string => (detail ? `: ${detail}` : '');

function layerInWords({ layer, outcome, detail, quarantinePath }: LayerOutcome): string | undefined {
  switch (outcome) {
    case 'dead':
      return layer === 'container' ? `container not removed yet${because(detail)}` : undefined;
    case 'removed':
      if (layer !== 'worktree') return `${layer} removed`;
      return quarantinePath === undefined ? 'worktree removed' : 'worktree kept in quarantine';
    case 'alreadyGone':
      return layer === 'process' ? undefined : `no ${layer} there any more`;
    case 'notFound':
      return `no ${layer} found${because(detail)}`;
    case 'skipped':
      return `${layer} not looked at${because(detail)}`;
    case 'blind':
      return `${layer} cannot be seen${because(detail)}`;
    case 'refused':
      return `${layer} refused${because(detail)}`;
    case 'failed':
    case 'pending':
      return `${layer} pending${because(detail)}`;
  }
}

/** Such as `a1: dead after 9 ms, container removed, worktree kept in quarantine`; `dead` only if it was seen. */
export function agentInWords({ agentId, verified, outcomes, error }: AgentReceipt): string {
  const after = outcomes.flatMap(seen =>
    isSeen(seen) && seen.deadAfterMs !== undefined ? [seen.deadAfterMs] : [],
  );
  const dead = after.length > 0 ? `dead after ${Math.round(Math.max(...after))} ms` : 'dead';
  const parts = [
    error ? `not marked killed: ${error.detail}` : verified ? dead : 'not confirmed dead',
    ...outcomes.map(layerInWords).filter(words => words !== undefined),
  ];
  return `${agentId}: ${parts.join(', ')}`;
}

const MOST = 10;

/** Agent by agent, those that are not dead first; the rest is counted. */
export function agentsInWords({ agents, total }: Seen): string[] {
  const sorted = [...agents].sort((a, b) => Number(a.verified) - Number(b.verified));
  const more = total - Math.min(agents.length, MOST);
  return [...sorted.slice(0, MOST).map(agentInWords), ...(more > 0 ? [`and ${count(more)} more`] : [])];
}

/** One line on how it stands. `target` names the one agent of a single kill. */
export function stateInWords(seen: Seen, target: string | undefined): string {
  const { verified, settled, total, killed, message } = seen;
  if (target !== undefined) {
    if (verified && settled) return `${target} is killed: it was seen dead`;
    if (verified) return `${target} is dead, and not all is cleaned up`;
    return seen.agents.length > 0 && settled
      ? `${target} is marked killed, but nothing could be looked at to see it dead`
      : `${target} is NOT confirmed dead`;
  }
  if (total === 0) return settled ? 'No active agents: nobody had to be stopped' : message;
  if (verified && settled) return `${count(total)} killed: all were seen dead`;
  if (verified) return `${count(total)} dead, and not all is cleaned up`;
  return settled
    ? `${message}; not every one could be looked at`
    : `${killed} of ${count(total)} dead, the rest is NOT confirmed dead`;
}
