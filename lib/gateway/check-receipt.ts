import {
  type AgentReceipt,
  areVerified,
  type OutcomeName,
  outcomeNames,
  type Receipt,
} from '../domain/outcome.js';
import { countsOf, isOpen } from './merge-receipts.js';

/** The most agents that a receipt lists; beyond these it only counts. */
export const MAX_LISTED = 1_000;

/** An unknown outcome comes from a newer server, which alone can say what follows from it. */
const isKnown = ({ outcomes }: AgentReceipt): boolean =>
  outcomes.every(({ outcome }) => outcomeNames.some((name: OutcomeName) => name === outcome));

const oddInAgent = (agent: AgentReceipt): string | undefined =>
  agent.verified && (agent.error || (isKnown(agent) && !areVerified(agent.outcomes)))
    ? 'it says that an agent is verified, but no layer of it was seen dead'
    : undefined;

type Summary = Omit<Receipt, 'operationId' | 'message'>;

/** What contradicts the numbers of a receipt in the agents that it lists. */
function oddInCounts({ total, killed, failed, pending, refused, agents }: Summary): string | undefined {
  if (agents.length !== Math.min(total, MAX_LISTED)) {
    return `it counts ${total} agents and lists ${agents.length}`;
  }
  if (killed + failed !== total) return 'killed and failed do not add up to the total';
  if (pending > total || refused > total) return 'it counts more open agents than agents';
  const unnamed = total - agents.length;
  const known = agents.filter(isKnown).map(countsOf);
  const dead = known.filter(one => one.killed > 0).length + agents.length - known.length;
  if (killed > dead + unnamed) return 'it counts more killed agents than it lists';
  const owing = known.filter(one => one.pending > 0).length;
  const guarded = known.filter(one => one.refused > 0).length;
  return pending < owing || refused < guarded ? 'it counts fewer open agents than it lists' : undefined;
}

const isEveryCountZero = ({ killed, failed, pending, refused }: Summary): boolean =>
  killed + failed + pending + refused === 0;

/**
 * Finds a contradiction in a receipt of `POST /agents/kill-all`. A server that contradicts itself is broken or lies, so
 * the whole receipt is rejected.
 * @param status of the response; absent for a receipt that is read later
 * @returns what does not add up, in words that may be shown; `undefined`: nothing
 */
export function oddInSummary(receipt: Summary, status?: number): string | undefined {
  const { verified, dryRun, incomplete, degraded, failed, pending, refused, agents } = receipt;
  const odd = agents.map(oddInAgent).find(one => one !== undefined);
  if (odd !== undefined) return odd;
  if (dryRun) {
    if (verified || !isEveryCountZero(receipt)) return 'a dry run stops nothing';
    return agents.length === Math.min(receipt.total, MAX_LISTED)
      ? undefined
      : 'it lists other agents than it counts';
  }
  const isSomethingOpen = failed + pending + refused > 0 || incomplete || degraded;
  if (isSomethingOpen && status === 200) return 'its status says that all is done, but something is open';
  const isUnproven = failed > 0 || incomplete || degraded || agents.some(one => !one.verified);
  if (verified && isUnproven) return 'it says that it is verified, but not every agent was seen dead';
  return oddInCounts(receipt);
}

/** A kill's receipt: the agent's part, if any, and the members of the whole. */
export interface KillTold {
  readonly agent: AgentReceipt | undefined;
  readonly verified: boolean;
  readonly dryRun?: true | undefined;
  readonly incomplete?: true | undefined;
  readonly degraded?: true | undefined;
}

/** Like {@link oddInSummary}, for a receipt of `POST /agents/:agentId/kill`. */
export function oddInKill(agentId: string, told: KillTold, status: number): string | undefined {
  const { agent, verified, dryRun, incomplete, degraded } = told;
  if (agent && agent.agentId !== agentId) return 'it is about another agent';
  const odd = agent && oddInAgent(agent);
  if (odd !== undefined) return odd;
  if (verified && (!agent?.verified || dryRun || incomplete || degraded)) {
    return 'it says that it is verified, but not every layer was seen dead';
  }
  if (status !== 200 || dryRun) return undefined;
  const isSomethingOpen = !agent || (isKnown(agent) && isOpen(agent)) || incomplete || degraded;
  return isSomethingOpen ? 'its status says that all is done, but something is open' : undefined;
}
