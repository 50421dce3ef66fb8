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

/** What still needs attention, one line for each kind of problem. */
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
      ? [`Refused, so it may still run: ${names(refused)}. See above for the reason and what would allow it.`]
      : []),
    ...(running.length > 0
      ? [`May still be running: ${names(running)}. Run "killswitch kill <id>" to try again now.`]
      : []),
    ...(unmarked.length > 0 ? [`Not marked killed: ${names(unmarked)}. See above for the reason.`] : []),
    ...(owing.length > 0 ? [`Not cleaned up yet: ${names(owing)}. It is retried automatically.`] : []),
  ];
}

interface PrintableReceipt {
  readonly message: string;
  readonly dryRun?: true;
  readonly total?: number;
  readonly warnings?: readonly string[];
}

/** Prints a receipt. @returns the exit code */
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
    const more = (receipt.total ?? 0) - agents.length;
    if (more > 0) print(`  and ${more} more`);
  }
  const { total = agents.length, warnings = [], dryRun } = receipt;
  const all = dryRun ? warnings : [...advice(agents), ...warnings];
  for (const warning of all) warn(`killswitch: ${warning}`);
  // A warning means that something was not found, not seen or not selected, which a script must notice.
  const isSure = total > 0 && warnings.length === 0 && (dryRun || confirmed);
  return isSure ? EXIT.done : EXIT.unconfirmed;
}
