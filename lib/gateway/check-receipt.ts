import {
  type AgentReceipt,
  areVerified,
  type OutcomeName,
  outcomeNames,
  type Receipt,
} from '../domain/outcome.js';
import { countsOf, isOpen } from './merge-receipts.js';

/** Agents that a receipt names; beyond these it only counts. */
export const MAX_TOLD = 1_000;

/** An outcome that is not known here is a newer server's word: what follows from it is for that server to say. */
const isKnown = ({ outcomes }: AgentReceipt): boolean =>
  outcomes.every(({ outcome }) => outcomeNames.some((name: OutcomeName) => name === outcome));

const oddInAgent = (agent: AgentReceipt): string | undefined =>
  agent.verified && (agent.error || (isKnown(agent) && !areVerified(agent.outcomes)))
    ? 'an agent is verified that was not seen dead'
    : undefined;

type Summary = Omit<Receipt, 'operationId' | 'message'>;

/** The numbers that follow from the agents that it names. */
function oddInCounts({ total, killed, failed, pending, refused, agents }: Summary): string | undefined {
  if (agents.length !== Math.min(total, MAX_TOLD)) {
    return `it counts ${total} agents and names ${agents.length}`;
  }
  if (killed + failed !== total) return 'killed and failed are not the total';
  if (pending > total || refused > total) return 'more agents are open than there are';
  const unnamed = total - agents.length;
  const known = agents.filter(isKnown).map(countsOf);
  const dead = known.filter(one => one.killed > 0).length + agents.length - known.length;
  if (killed > dead + unnamed) return 'it counts more agents as killed than it names';
  const owing = known.filter(one => one.pending > 0).length;
  const guarded = known.filter(one => one.refused > 0).length;
  return pending < owing || refused < guarded ? 'it counts fewer agents as open than it names' : undefined;
}

const isEveryCountZero = ({ killed, failed, pending, refused }: Summary): boolean =>
  killed + failed + pending + refused === 0;

/**
 * What does not add up in a receipt of `POST /agents/kill-all`: a server that says so of its agents is broken or lies,
 * and then nothing that it says of them counts.
 * @param status of the answer; absent where the receipt is told later
 */
export function oddInSummary(receipt: Summary, status?: number): string | undefined {
  const { verified, dryRun, incomplete, degraded, failed, pending, refused, agents } = receipt;
  const odd = agents.map(oddInAgent).find(one => one !== undefined);
  if (odd !== undefined) return odd;
  if (dryRun) {
    if (verified || !isEveryCountZero(receipt)) return 'a dry run stops nothing';
    return agents.length === Math.min(receipt.total, MAX_TOLD) ? undefined : 'it names others than it counts';
  }
  const isSomethingOpen = failed + pending + refused > 0 || incomplete || degraded;
  if (isSomethingOpen && status === 200) return 'it is done, and something is open';
  const isUnproven = failed > 0 || incomplete || degraded || agents.some(one => !one.verified);
  if (verified && isUnproven) return 'it is verified, and not all was seen dead';
  return oddInCounts(receipt);
}

/** A kill's receipt: the agent's part, where it has one, and what is of the whole. */
export interface KillTold {
  readonly agent: AgentReceipt | undefined;
  readonly verified: boolean;
  readonly dryRun?: true | undefined;
  readonly incomplete?: true | undefined;
  readonly degraded?: true | undefined;
}

/** The same for a receipt of `POST /agents/:agentId/kill`. */
export function oddInKill(agentId: string, told: KillTold, status: number): string | undefined {
  const { agent, verified, dryRun, incomplete, degraded } = told;
  if (agent && agent.agentId !== agentId) return 'it is of another agent';
  const odd = agent && oddInAgent(agent);
  if (odd !== undefined) return odd;
  if (verified && (!agent?.verified || dryRun || incomplete || degraded)) {
    return 'it is verified, and not all was seen dead';
  }
  if (status !== 200 || dryRun) return undefined;
  const isSomethingOpen = !agent || (isKnown(agent) && isOpen(agent)) || incomplete || degraded;
  return isSomethingOpen ? 'it is done, and something is open' : undefined;
}
