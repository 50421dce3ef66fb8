import type { Answer } from '../../lib/client/client.js';
import {
  type AgentReceipt,
  areDown,
  isRefused as isRefusedOutcome,
  isSandbox,
} from '../../lib/domain/outcome.js';
import { describeAgent } from '../../lib/domain/wording.js';
import { EXIT, print, printJson, warn } from './output.js';

const NAMED = 5;

function names(agents: readonly AgentReceipt[]): string {
  const more = agents.length - NAMED;
  const named = agents.slice(0, NAMED).map(({ agentId }) => agentId);
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** What a reader of these lines alone has to know. */
function advice(agents: readonly AgentReceipt[]): string[] {
  const mayRun = (agent: AgentReceipt): boolean => !areDown(agent.outcomes);
  const isRefused = (agent: AgentReceipt): boolean =>
    agent.outcomes.some(seen => isSandbox(seen) && isRefusedOutcome(seen));
  const refused = agents.filter(isRefused);
  const running = agents.filter(agent => mayRun(agent) && !isRefused(agent));
  const unmarked = agents.filter(({ error }) => error !== undefined);
  const owing = agents.filter(agent => agent.pending.length > 0 && !mayRun(agent) && !agent.error);
  return [
    ...(refused.length > 0
      ? [`Refused, so it may still run: ${names(refused)}. The reason above says what would allow it.`]
      : []),
    ...(running.length > 0
      ? [`It may still run: ${names(running)}. "killswitch kill <id>" tries again and tells.`]
      : []),
    ...(unmarked.length > 0 ? [`Not marked killed: ${names(unmarked)}.`] : []),
    ...(owing.length > 0 ? [`Not cleaned up yet: ${names(owing)}. It is tried again by itself.`] : []),
  ];
}

interface PrintableReceipt {
  readonly message: string;
  readonly dryRun?: true;
  readonly total?: number;
  readonly warnings?: readonly string[];
}

/** Shows an answer, and returns the exit code that it deserves. */
export function printReceipt(
  { receipt, confirmed }: Answer<PrintableReceipt>,
  agents: readonly AgentReceipt[],
  { json }: { readonly json?: true },
): number {
  if (json) printJson(receipt);
  else {
    print(receipt.message);
    for (const agent of agents) {
      print(`  ${receipt.dryRun ? `${agent.agentId}  ${agent.statusBefore ?? ''}` : describeAgent(agent)}`);
    }
    const untold = (receipt.total ?? 0) - agents.length;
    if (untold > 0) print(`  and ${untold} more`);
  }
  const { total = agents.length, warnings = [], dryRun } = receipt;
  const all = dryRun ? warnings : [...advice(agents), ...warnings];
  for (const warning of all) warn(`killswitch: ${warning}`);
  // A warning says of something that it was not found, not seen or not selected: a script has to look at it.
  const isSure = total > 0 && warnings.length === 0 && (dryRun || confirmed);
  return isSure ? EXIT.done : EXIT.unconfirmed;
}
