import { authorize, narrow } from './authorize.js';
import { type Cases, openCases } from './cases.js';
import type { Command } from './command.js';
import { commitKills, previewKills } from './commit.js';
import type { Core } from './core.js';
import { shown } from './errors.js';
import type { Receipt } from './outcome.js';
import { openReport, type Report } from './report.js';
import { selection } from './selection.js';
import { auditKillAll } from './write-audit.js';

/** The emergency stop. Every way in ends here. */
export interface Stop {
  /**
   * Carries out a command and answers with what was seen, at the latest when the deadline for answers is over; the
   * work goes on after that, whether or not anybody still listens.
   * @throws KillswitchError `forbidden`; for one agent also `agent_not_found`, `invalid_state`,
   *   `container_changed`, `conflict`; `store_unavailable`
   */
  stop(command: Command): Promise<Receipt>;
  /** Resolves when no work is left, for an orderly shutdown. */
  idle(): Promise<void>;
}

export function createStop(core: Core): Stop {
  const cases = openCases(core);
  const working = new Set<Promise<void>>();
  const track = (work: Promise<void>): Promise<void> => {
    working.add(work);
    void work.catch(() => undefined).then(() => working.delete(work));
    return work;
  };

  return {
    async stop(command) {
      permit(command);
      const report = openReport(command);
      void track(auditKillAll(core, command, 'accepted'));
      const work = track(carryOut(core, cases, command, report));
      track(work.then(() => auditKillAll(core, command, 'settled', report.receipt()))).catch(() => undefined);
      await answerBy(core, command, work);
      return report.receipt();
    },
    async idle() {
      await Promise.allSettled([...working]);
      await cases.idle();
    },
  };
}

function permit({ actor, ...command }: Command): void {
  if (command.type === 'kill') {
    authorize(actor, 'agents:kill', { ...actor.within, agentId: command.agentId });
  } else {
    authorize(actor, 'agents:kill-all');
    narrow(command.selector, actor.within);
  }
}

async function carryOut(core: Core, cases: Cases, command: Command, report: Report): Promise<void> {
  const startedAt = core.clock.monotonic();
  try {
    for await (const page of selection(core, command)) {
      const verdicts = command.dryRun ? previewKills(command, page) : await commitKills(core, command, page);
      for (const verdict of verdicts) {
        const one = cases.follow(command, verdict, startedAt);
        if (one) report.add(one);
      }
    }
    report.close();
  } catch (error) {
    // Those that are being stopped are told of, whatever kept the others from being found.
    if (report.receipt().total === 0) throw error;
    core.log.error({ err: error, operationId: command.operationId }, 'selection ended early');
    report.close(shown(error));
  }
  await report.finished();
}

/** Waits for the work, at most until the deadline for answers. What fails later can only be logged. */
async function answerBy({ limits, log }: Core, command: Command, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), limits.respondMs);
  });
  const first = await Promise.race([work, late]).finally(() => clearTimeout(timer));
  if (first !== 'late') return;
  work.catch((error: unknown) =>
    log.error({ err: error, operationId: command.operationId }, 'command failed late'),
  );
}
