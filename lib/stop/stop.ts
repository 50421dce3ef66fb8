import { authorize, narrow } from '../domain/authorize.js';
import type { Command } from '../domain/command.js';
import { isStoreDown, type KillswitchError, shown } from '../domain/errors.js';
import type { Receipt } from '../domain/outcome.js';
import type { Core } from '../ports/core.js';
import { beginOperation, endOperation } from '../store/operation.js';
import { answerBy } from './answer-by.js';
import type { Cases } from './in-flight.js';
import { openReport, type Report } from './report.js';
import { carryOn } from './resume.js';
import { stopSelected } from './stop-selected.js';
import { stopWithoutStore } from './stop-without-store.js';

export interface StopOptions {
  /** Milliseconds until the answer at the latest; `limits.respondMs` if absent. */
  readonly answerWithinMs?: number;
}

/** The emergency stop. Every way in ends here. */
export interface Stop {
  /**
   * Carries out a command and answers with what was seen, at the latest when the deadline for answers is over; the
   * work goes on after that, whether or not anybody still listens.
   * @throws KillswitchError `forbidden`; for one agent also `agent_not_found`, `invalid_state`,
   *   `container_changed`, `conflict`; `store_unavailable` for a dry run
   */
  stop(command: Command, options?: StopOptions): Promise<Receipt>;
  /**
   * Carries on with a command that was accepted before, to its end; joins it where it is being carried out.
   * @throws KillswitchError `store_unavailable`
   */
  resume(command: Command): Promise<void>;
  isRunning(operationId: string): boolean;
  /** What is known by now of a command that this process carries out. */
  progress(operationId: string): Receipt | undefined;
  /** Resolves when no work is left, for an orderly shutdown. */
  idle(): Promise<void>;
}

export function createStop(core: Core, cases: Cases): Stop {
  const running = new Map<string, { readonly work: Promise<void>; readonly report: Report }>();
  const track = (operationId: string, report: Report, work: Promise<void>): Promise<void> => {
    running.set(operationId, { work, report });
    const forget = (): void => {
      if (running.get(operationId)?.work === work) running.delete(operationId);
    };
    work.then(forget, forget);
    return work;
  };

  return {
    async stop(command, { answerWithinMs = core.limits.respondMs } = {}) {
      permit(command);
      const report = openReport(command);
      const work = track(command.operationId, report, carryOut(core, cases, command, report));
      await answerBy(core, command, { work, ms: answerWithinMs });
      return report.receipt();
    },
    async resume(command) {
      const underWay = running.get(command.operationId);
      if (underWay) return underWay.work;
      const report = openReport(command);
      await track(command.operationId, report, carryOn(core, cases, command, report));
    },
    isRunning: operationId => running.has(operationId),
    progress: operationId => running.get(operationId)?.report.receipt(),
    async idle() {
      await Promise.allSettled([...running.values()].map(({ work }) => work));
      await cases.idle();
    },
  };
}

/** Whether the actor may give this command. @throws KillswitchError `forbidden` */
export function permit({ actor, ...command }: Command): void {
  if (command.type === 'kill') {
    authorize(actor, 'agents:kill', { ...actor.within, agentId: command.agentId });
    return;
  }
  authorize(actor, 'agents:kill-all');
  if (command.latch) authorize(actor, 'latch:engage');
  narrow(command.selector, actor.within);
}

async function carryOut(core: Core, cases: Cases, command: Command, report: Report): Promise<void> {
  const startedAt = core.clock.monotonic();
  // Not awaited: what is written about a stop never holds it up. Yet first: a store that hears no writes is known for
  // that before anybody is marked, or the mark would be carried out when it hears again.
  const begun = beginOperation(core, command);
  let refusal: KillswitchError | undefined;
  try {
    await stopSelected(core, cases, command, { report, startedAt, refused: new Set() });
    report.close();
  } catch (error) {
    if (isStoreDown(error) && !command.dryRun) {
      await stopWithoutStore(core, cases, command, { report, startedAt });
      report.close();
      return report.finished();
    }
    // Those that are being stopped are told of, whatever kept the others from being found.
    if (report.receipt().total === 0) refusal = shown(error);
    else core.log.error({ err: error, operationId: command.operationId }, 'selection ended early');
    report.close(shown(error));
  }
  await report.finished();
  await begun;
  await endOperation(core, command, refusal ? undefined : report.receipt());
  if (refusal) throw refusal;
}
