import type { Cases } from './cases.js';
import type { Command } from './command.js';
import { commitKills, previewKills, type Verdict } from './commit.js';
import type { Core } from './core.js';
import { isStoreDown } from './degraded.js';
import { shown, unknownAgent } from './errors.js';
import { engageLatch } from './latch.js';
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
  { report, startedAt }: { report: Report; startedAt: number },
): Promise<void> {
  if (command.type === 'kill-all' && command.latch && !command.dryRun) {
    await engageLatch(core, command).catch((error: unknown) => {
      if (isStoreDown(error)) throw error;
      core.log.error({ err: error, operationId: command.operationId }, 'the emergency stop was not engaged');
      report.warn(`the emergency stop was not engaged: ${shown(error).message}`);
    });
  }
  for await (const page of selection(core, command)) {
    const verdicts = command.dryRun ? previewKills(command, page) : await commitKills(core, command, page);
    const unwritten = verdicts.find(isUnwritten);
    for (const verdict of verdicts) {
      if (isUnwritten(verdict)) continue;
      const one = cases.follow(command, verdict, startedAt);
      if (one) report.add(one);
    }
    if (unwritten) {
      for (const reading of page) if (reading.kind === 'agent') rememberLocal(core, reading.agent);
      throw unwritten.error;
    }
    if (command.type === 'kill-all' || page.length > 0) continue;
    const one = await killUnrecorded(core, cases, command, startedAt);
    if (one === 'no trace') throw unknownAgent(command.agentId);
    if (one === 'recorded') return stopSelected(core, cases, command, { report, startedAt });
    report.add(one);
  }
}

type Refused = Extract<Verdict, { kind: 'refused' }>;

/** Nobody can be marked killed now, though records can be read, perhaps. */
const isUnwritten = (verdict: Verdict): verdict is Refused =>
  verdict.kind === 'refused' && isStoreDown(verdict.error);
