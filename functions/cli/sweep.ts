import type { Command } from 'commander';
import { discover } from '../../lib/discovery/discover.js';
import type { AgentReceipt } from '../../lib/domain/outcome.js';
import { describeRef } from '../../lib/domain/sandbox.js';
import { describeAgent } from '../../lib/domain/wording.js';
import type { Core } from '../../lib/ports/core.js';
import { findLeftovers, type Leftover, sweep } from '../../lib/reconcile/orphans.js';
import { agentReceipt } from '../../lib/stop/receipt.js';
import { age } from './options.js';
import { EXIT, print, printJson, warn } from './output.js';

interface Options {
  readonly kill?: true;
  readonly olderThan: number;
  readonly json?: true;
}

export function addSweep(program: Command): void {
  program
    .command('sweep')
    .description('list what runs on this host under an agent’s ID although no active record says so')
    .option('--kill', 'stop it, except what is young and may be about to be registered')
    .option('--older-than <duration>', 'younger than this counts as young', age, age('30s'))
    .option('--json', 'print JSON')
    .action(async ({ kill, olderThan, json }: Options) => {
      const { withNode } = await import('./local.js');
      process.exitCode = await withNode(async ({ core, inFlight }, actor) => {
        const blind = await unseenPlaces(core);
        for (const gap of blind) warn(`killswitch: Could not check: ${gap}.`);
        const leftovers = await findLeftovers(core, olderThan);
        const stopped = kill ? sweep(core, inFlight, leftovers, { actor, operationId: core.newId() }) : [];
        await Promise.all(stopped.map(({ done }) => done));
        const code = printSwept(leftovers, stopped.map(agentReceipt), { json });
        return blind.length > 0 ? EXIT.unconfirmed : code;
      });
    });
}

/** The sandboxes and processes that could not be checked. Whether they could be stopped does not matter here. */
async function unseenPlaces(core: Core): Promise<readonly string[]> {
  const ports = await Promise.all(core.sandboxes.map(sandbox => sandbox.probe()));
  const broken = ports.filter(({ ok, aside }) => !ok && !aside);
  if (broken.length > 0) return broken.map(({ name, detail }) => `${name}: ${detail ?? 'no answer'}`);
  const { blind, unread } = await discover(core);
  return [...blind, ...(unread > 0 ? [`${unread} processes that this user may not read`] : [])];
}

/** Prints what was found and what was done. @returns the exit code */
function printSwept(
  leftovers: readonly Leftover[],
  stopped: readonly AgentReceipt[],
  { json }: { json: true | undefined },
): number {
  if (json) printJson({ leftovers, stopped });
  else if (leftovers.length === 0) print('No leftovers found.');
  else for (const leftover of leftovers) print(lineOf(leftover, stopped));
  const open = stopped.filter(({ verified, pending }) => !verified || pending.length > 0);
  for (const { agentId } of open)
    warn(`killswitch: Not confirmed: ${agentId}. Run "killswitch sweep --kill" again.`);
  return open.length > 0 ? EXIT.unconfirmed : EXIT.done;
}

function lineOf({ agentId, status, ageMs, young, seen }: Leftover, stopped: readonly AgentReceipt[]): string {
  const receipt = stopped.find(one => one.agentId === agentId);
  if (receipt) return describeAgent(receipt);
  const places = seen.map(describeRef).join(', ');
  const since = ageMs === undefined ? 'for an unknown time' : `for ${Math.round(ageMs / 1_000)} s`;
  const why = status === undefined ? 'it is not registered' : `its record says ${status}`;
  return `${agentId}  runs ${since} as ${places}: ${why}${young ? ' (young: not stopped)' : ''}`;
}
