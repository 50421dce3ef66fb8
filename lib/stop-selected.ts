import type { Cases } from './cases.js';
import type { Command, KillCommand } from './command.js';
import { commitKills, previewKills, type Verdict } from './commit.js';
import type { Core } from './core.js';
import { isStoreDown } from './degraded.js';
import { shown, unknownAgent } from './errors.js';
import { engageLatch } from './latch.js';
import { overlap } from './overlap.js';
import type { Reading } from './record.js';
import { rememberLocal } from './remember-local.js';
import type { Report } from './report.js';
import { selection } from './selection.js';
import { killUnrecorded } from './unrecorded.js';

/**
 * The latch if it is asked for, then page by page: marks killed, and starts stopping each of the page before the next
 * is looked at. Does not wait for their ends.
 * @throws KillswitchError `agent_not_found`, `forbidden`, `store_unavailable`, and what a single kill is refused for
 */
export async function stopSelected(
  core: Core,
  cases: Cases,
  command: Command,
  progress: Progress,
): Promise<void> {
  if (command.type === 'kill-all' && command.latch && !command.dryRun) {
    await engageLatch(core, command).catch((error: unknown) => {
      if (isStoreDown(error)) throw error;
      core.log.error({ err: error, operationId: command.operationId }, 'the emergency stop was not engaged');
      progress.report.warn(`the emergency stop was not engaged: ${shown(error).message}`);
    });
  }
  await overlap(selection(core, command), page =>
    page.length === 0 && command.type === 'kill'
      ? stopUnrecorded(core, cases, command, progress)
      : stopPage(core, cases, command, page, progress),
  );
}

interface Progress {
  readonly report: Report;
  readonly startedAt: number;
}

async function stopPage(
  core: Core,
  cases: Cases,
  command: Command,
  page: readonly Reading[],
  { report, startedAt }: Progress,
): Promise<void> {
  const verdicts = command.dryRun ? previewKills(command, page) : await commitKills(core, command, page);
  const unwritten = verdicts.find(isUnwritten);
  for (const verdict of verdicts) {
    if (isUnwritten(verdict)) continue;
    const one = cases.follow(command, verdict, startedAt);
    if (one) report.add(one);
  }
  if (!unwritten) return;
  for (const reading of page) if (reading.kind === 'agent') rememberLocal(core, reading.agent);
  throw unwritten.error;
}

async function stopUnrecorded(
  core: Core,
  cases: Cases,
  command: KillCommand,
  progress: Progress,
): Promise<void> {
  const one = await killUnrecorded(core, cases, command, progress.startedAt);
  if (one === 'no trace') throw unknownAgent(command.agentId);
  if (one === 'recorded') return stopSelected(core, cases, command, progress);
  progress.report.add(one);
}

type Refused = Extract<Verdict, { kind: 'refused' }>;

/** Nobody can be marked killed now, though records can be read, perhaps. */
const isUnwritten = (verdict: Verdict): verdict is Refused =>
  verdict.kind === 'refused' && isStoreDown(verdict.error);
