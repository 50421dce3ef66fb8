import { type Command, Option } from 'commander';
import type { Config } from '../../lib/config/config.js';
import type { Actor } from '../../lib/domain/actor.js';
import { isStoreDown } from '../../lib/domain/errors.js';
import type { AgentReceipt } from '../../lib/domain/outcome.js';
import { describeAgent } from '../../lib/domain/wording.js';
import type { Core } from '../../lib/ports/core.js';
import { findContainers, type LeftContainer, stopContainers } from '../../lib/reconcile/orphans.js';
import { endLeftovers, isClean, type Look, lookForLeftovers, type Swept } from '../../lib/reconcile/sweep.js';
import { sweepSources, tellSwept } from '../../lib/reconcile/sweep-records.js';
import { agentReceipt } from '../../lib/stop/receipt.js';
import type { Node } from '../server/wired.js';
import { age, agentIds } from './options.js';
import { EXIT, print, printJson, warn } from './output.js';
import { asideOf, sweepTable, sweptLine } from './sweep-table.js';

const formats = ['table', 'wide', 'json', 'name'] as const;

interface Options {
  readonly output: (typeof formats)[number];
  readonly kill?: true;
  readonly olderThan: number;
}

/** For all to be seen to be gone. Milliseconds. */
const PATIENCE = 10_000;

export function addSweep(program: Command): void {
  program
    .command('sweep')
    .description('show the processes and containers that ended agents left on this host; --kill ends them')
    .argument('[agent...]', 'only what these left', agentIds)
    .option('--kill', 'end them: SIGKILL to each process that still is what it was found as')
    .option('--older-than <duration>', 'leave younger ones alone', age, age('60s'))
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(formats).default('table'))
    .action(async (only: readonly string[] | undefined, options: Options) => {
      const { withNode } = await import('./local.js');
      process.exitCode = await withNode((node, actor, config) =>
        sweep(node, { ...options, only, actor, config }),
      );
    });
}

interface Found extends Look {
  readonly containers: readonly LeftContainer[];
}

interface Done {
  readonly processes: readonly Swept[];
  readonly containers: readonly AgentReceipt[];
}

type Request = Options & {
  readonly only: readonly string[] | undefined;
  readonly actor: Actor;
  readonly config: Config;
};

/** @returns the exit code */
async function sweep(node: Node, { only, actor, config, output, kill, olderThan }: Request): Promise<number> {
  const { openScan } = await import('../node.js');
  const sources = sweepSources(node.core, await openScan(config));
  const [look, containers, unseen] = await Promise.all([
    lookForLeftovers(sources, olderThan),
    // That the store does not answer is said by the look at the processes.
    findContainers(node.core, olderThan).catch(unlessStoreIsDown),
    unseenPlaces(node.core),
  ]);
  const isChosen = ({ agentId }: { readonly agentId: string }): boolean => only?.includes(agentId) ?? true;
  const found: Found = {
    ...look,
    leftovers: look.leftovers.filter(isChosen),
    containers: containers.filter(isChosen),
    blind: [...look.blind, ...unseen],
  };
  if (!kill) {
    show(found, output);
    return found.blind.length > 0 ? EXIT.unconfirmed : EXIT.done;
  }
  const by = { actor, operationId: node.core.newId() };
  const entries = stopContainers(node.core, node.inFlight, found.containers, by);
  const processes = await endLeftovers(sources, found.leftovers, {
    deadline: AbortSignal.timeout(PATIENCE),
    olderThan,
  });
  await tellSwept(node.core, processes, by).catch((error: unknown) => {
    unlessStoreIsDown(error);
    warn('killswitch: The store does not answer: what was ended is not in the audit.');
  });
  await Promise.all(entries.map(({ done }) => done));
  return showDone(found, { processes, containers: entries.map(agentReceipt) }, output);
}

function unlessStoreIsDown(error: unknown): readonly never[] {
  if (!isStoreDown(error)) throw error;
  return [];
}

/** The places of containers that could not be asked. Whether they could be stopped does not matter here. */
async function unseenPlaces(core: Core): Promise<readonly string[]> {
  const ports = await Promise.all(core.sandboxes.map(sandbox => sandbox.probe()));
  const broken = ports.filter(({ name, ok, aside }) => !ok && !aside && name !== 'process');
  return broken.map(({ name, detail }) => `${name}: ${detail ?? 'no answer'}`);
}

function show(found: Found, output: Options['output'], done?: Done): void {
  if (output === 'json') {
    printJson(done ? { ...found, ended: done } : found);
    return;
  }
  const { leftovers, containers } = found;
  if (output === 'name') for (const { agentId } of [...leftovers, ...containers]) print(agentId);
  else if (!done) print(sweepTable(found, output === 'wide'));
  for (const line of asideOf(found)) warn(`killswitch: ${line}`);
  const isHint = !done && output !== 'name' && leftovers.length + containers.length > 0;
  if (isHint) for (const line of ['', 'End all of it: killswitch sweep --kill']) print(line);
}

/** @returns the exit code */
function showDone(found: Found, done: Done, output: Options['output']): number {
  show(found, output, done);
  const { processes, containers } = done;
  if (output === 'table' || output === 'wide') {
    for (const one of processes) print(sweptLine(one));
    for (const one of containers) print(describeAgent(one));
    if (processes.length + containers.length === 0) print('Nothing was left behind.');
  }
  const open = [
    ...processes.filter(one => !isClean(one)).map(({ leftover }) => leftover.agentId),
    ...containers
      .filter(({ verified, pending }) => !verified || pending.length > 0)
      .map(({ agentId }) => agentId),
  ];
  for (const id of open) warn(`killswitch: Not confirmed: ${id}. Run "killswitch sweep --kill" again.`);
  return open.length > 0 || found.blind.length > 0 ? EXIT.unconfirmed : EXIT.done;
}
