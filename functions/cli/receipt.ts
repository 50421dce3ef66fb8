import type { Answer } from '../../lib/client.js';
import type { AgentReceipt } from '../../lib/outcome.js';
import { describeAgent } from './describe.js';
import { EXIT, say, sayJson, warn } from './output.js';

const NAMED = 5;

function names(agents: readonly AgentReceipt[]): string {
  const more = agents.length - NAMED;
  const named = agents.slice(0, NAMED).map(({ agentId }) => agentId);
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** What somebody who reads no more than this has to know. */
function warningsOf(agents: readonly AgentReceipt[]): string[] {
  const isRefused = ({ outcomes }: AgentReceipt) => outcomes.some(({ outcome }) => outcome === 'refused');
  const isOwing = ({ pending, error }: AgentReceipt) => pending.length > 0 || error !== undefined;
  const refused = agents.filter(isRefused);
  const owing = agents.filter(isOwing);
  const unseen = agents.filter(agent => !agent.verified && !isRefused(agent) && !isOwing(agent));
  return [
    ...(refused.length > 0 ? [`Refused, so it may still run: ${names(refused)}.`] : []),
    ...(owing.length > 0
      ? [`Not confirmed yet: ${names(owing)}. "killswitch kill <id>" tries again and tells.`]
      : []),
    ...(unseen.length > 0 ? [`Marked killed, but nobody saw it die: ${names(unseen)}.`] : []),
  ];
}

interface Told {
  readonly message: string;
  readonly dryRun?: true;
  readonly total?: number;
}

/** Shows an answer, and returns the exit code that it deserves. */
export function showReceipt(
  { receipt, confirmed }: Answer<Told>,
  agents: readonly AgentReceipt[],
  { json }: { readonly json?: true },
): number {
  if (json) sayJson(receipt);
  else {
    say(receipt.message);
    for (const agent of agents) {
      say(`  ${receipt.dryRun ? `${agent.agentId}  ${agent.statusBefore ?? ''}` : describeAgent(agent)}`);
    }
    const untold = (receipt.total ?? 0) - agents.length;
    if (untold > 0) say(`  and ${untold} more`);
  }
  if (receipt.dryRun) return EXIT.done;
  for (const warning of warningsOf(agents)) warn(`killswitch: ${warning}`);
  return confirmed ? EXIT.done : EXIT.unconfirmed;
}
