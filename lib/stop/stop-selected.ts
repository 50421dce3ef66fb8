import { engageLatch } from '../agents/engage-latch.js';
import type { Command, KillAllCommand } from '../domain/command.js';
import { isStoreDown, shown } from '../domain/errors.js';
import type { Reading } from '../domain/record.js';
import type { Core } from '../ports/core.js';
import { overlap } from '../util/overlap.js';
import type { Cases } from './in-flight.js';
import { commitKills, previewKills } from './mark-killed.js';
import { selectPages } from './selection.js';
import { stopObserved } from './stop-observed.js';
import { stopOne } from './stop-one.js';
import { followVerdicts, type Progress } from './stop-page.js';
import { explainUnmatched } from './unmatched.js';

/**
 * The latch if it is asked for, then page by page: marks killed, and starts stopping each of the page before the next
 * is looked at; then what runs here and was not among them. Does not wait for their ends.
 * @throws KillswitchError `agent_not_found`, `forbidden`, `store_unavailable`, and what a single kill is refused for
 */
export async function stopSelected(
  core: Core,
  cases: Cases,
  command: Command,
  progress: Progress,
): Promise<void> {
  if (command.type === 'kill') return stopOne(core, cases, command, progress);
  if (command.latch && !command.dryRun) await engage(core, command, progress);
  await overlap(selectPages(core, command), page => stopPage(core, cases, command, page, progress));
  // After the others were sent SIGKILL: to look takes the processor that their deaths need.
  await stopObserved(core, cases, command, progress);
  const isEmpty = progress.report.isEmpty();
  for (const reason of await explainUnmatched(core, command, { isEmpty })) progress.report.warn(reason);
}

async function engage(core: Core, command: KillAllCommand, { report }: Progress): Promise<void> {
  try {
    await engageLatch(core, command);
  } catch (error) {
    if (isStoreDown(error)) throw error;
    core.log.error({ err: error, operationId: command.operationId }, 'the emergency stop was not engaged');
    report.fail(`the emergency stop was not engaged: ${shown(error).message}`);
  }
}

async function stopPage(
  core: Core,
  cases: Cases,
  command: KillAllCommand,
  page: readonly Reading[],
  progress: Progress,
): Promise<void> {
  const verdicts = command.dryRun ? previewKills(command, page) : await commitKills(core, command, page);
  const agents = page.flatMap(reading => (reading.kind === 'agent' ? [reading.agent] : []));
  followVerdicts(core, cases, command, { verdicts, agents }, progress);
}
