import { engageLatch } from '../agents/engage-latch.js';
import { cacheRecord } from '../agents/record-cache.js';
import { permit } from '../domain/authorize.js';
import type { Command, KillAllCommand, KillCommand } from '../domain/command.js';
import { type ErrorCode, isStoreDown, KillswitchError, shown } from '../domain/errors.js';
import { type Receipt, SWITCHED_OFF } from '../domain/outcome.js';
import type { Core } from '../ports/core.js';
import { beginOperation, endOperation } from '../store/operation.js';
import { overlap } from '../util/overlap.js';
import { withTimeout } from '../util/with-timeout.js';
import type { InFlight, Job } from './in-flight.js';
import { orderOf, recordedKill } from './kill-agent.js';
import { type Candidate, type Candidates, isInvalidState, markKilled, type Verdict } from './mark-killed.js';
import { preview } from './preview.js';
import { createReceipt, type Entry, endedEntry } from './receipt.js';
import { resume } from './resume.js';
import { selectOne, selectPages } from './select.js';
import { observeAll, observeOne } from './stop-unregistered.js';
import { stopWithoutStore } from './stop-without-store.js';
import { explainUnmatched } from './unmatched.js';

export interface StopOptions {
  /** Milliseconds until the answer at the latest; `limits.respondMs` if absent. */
  readonly answerWithinMs?: number;
}

/** The emergency stop. Every way in ends here. */
export interface Stop {
  /**
   * Carries out a command and answers with what was seen, at the latest when the deadline for answers is over; the
   * work goes on after that, whether or not the caller still listens.
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

export function createStop(core: Core, inFlight: InFlight): Stop {
  const running = new Map<string, Pick<Job, 'receipt'> & { readonly work: Promise<void> }>();

  function start(command: Command, carryOut: (core: Core, job: Job) => Promise<void>) {
    const { operationId } = command;
    const job: Job = { command, order: orderOf(core, command), receipt: createReceipt(command), inFlight };
    const one = { receipt: job.receipt, work: carryOut(core, job) };
    running.set(operationId, one);
    const forget = (): void => {
      if (running.get(operationId) === one) running.delete(operationId);
    };
    one.work.then(forget, forget);
    return one;
  }

  return {
    async stop(command, { answerWithinMs = core.limits.respondMs } = {}) {
      permit(command);
      const { work, receipt } = start(command, command.dryRun ? preview : carryOut);
      const isLate = await withTimeout(
        work.then(() => false),
        answerWithinMs,
        () => true,
      );
      if (isLate) {
        work.catch((err: unknown) =>
          core.log.error({ err, operationId: command.operationId }, 'command failed late'),
        );
      }
      return receipt.build();
    },
    async resume(command) {
      await (running.get(command.operationId) ?? start(command, command.dryRun ? preview : carryOn)).work;
    },
    isRunning: operationId => running.has(operationId),
    progress: operationId => running.get(operationId)?.receipt.build(),
    async idle() {
      await Promise.allSettled([...running.values()].map(({ work }) => work));
      await inFlight.idle();
    },
  };
}

async function carryOut(core: Core, job: Job): Promise<void> {
  const { command, receipt } = job;
  // Not awaited: what is written about a stop never holds it up. Yet sent before the first read, which then waits behind
  // it: a store that answers reads and takes no writes is known before anything is marked, or it would carry out the
  // mark when it takes them again.
  const begun = beginOperation(core, command);
  let refusal: KillswitchError | undefined;
  try {
    await killSelected(core, job);
    receipt.close();
  } catch (error) {
    if (isStoreDown(error)) {
      await stopWithoutStore(core, job);
      receipt.close();
      return receipt.finished();
    }
    // Those that are being killed are in the receipt, whatever kept the others from being found.
    if (receipt.isEmpty()) refusal = shown(error);
    else core.log.error({ err: error, operationId: command.operationId }, 'selection ended early');
    receipt.close(shown(error));
  }
  await receipt.finished();
  await begun;
  await endOperation(core, command, refusal ? undefined : receipt.build());
  if (refusal) throw refusal;
}

const carryOn = (core: Core, job: Job): Promise<void> =>
  resume(core, job, command => killSelected(core, { ...job, command }));

/** Selects, marks killed and starts to kill, page by page; does not wait for the deaths. */
async function killSelected(core: Core, job: Job): Promise<void> {
  const { command, receipt } = job;
  if (command.type === 'kill') return killOne(core, { ...job, command });
  if (command.latch) await engage(core, { ...job, command });
  /** Those that their records kept from being marked: not to be tried again for being seen running. */
  const handled = new Set<string>();
  async function kill(selected: Candidates): Promise<void> {
    const verdicts = await markKilled(core, command, selected);
    for (const one of verdicts) if (one.kind === 'refused' && !isInvalidState(one)) handled.add(one.agentId);
    startKills(core, job, verdicts, selected.candidates);
  }
  await overlap(selectPages(core, command), page => kill({ candidates: page }));
  // After the others were sent SIGKILL: to look takes the processor that their deaths need.
  for await (const seen of observeAll(core, command, { receipt, handled })) await kill(seen);
  const isEmpty = receipt.isEmpty();
  for (const reason of await explainUnmatched(core, command, { isEmpty })) receipt.warn(reason);
}

async function killOne(core: Core, job: Job<KillCommand>): Promise<void> {
  const { command } = job;
  const reading = await selectOne(core, command);
  const known = reading ? [reading] : [];
  const verdicts = await markKilled(core, command, { candidates: known });
  if (reading && !verdicts.some(isInvalidState)) return startKills(core, job, verdicts, known);
  // Its record forbids it, or there is none: what is seen running here is killed whatever its record says.
  const seen = await observeOne(core, command, reading);
  startKills(core, job, await markKilled(core, command, seen), known);
}

/** The other agents are killed all the same where the latch cannot be engaged. @throws KillswitchError `store_unavailable` */
async function engage(core: Core, { command, receipt }: Job<KillAllCommand>): Promise<void> {
  try {
    await engageLatch(core, command);
  } catch (error) {
    if (isStoreDown(error)) throw error;
    core.log.error({ err: error, operationId: command.operationId }, 'the emergency stop was not engaged');
    receipt.fail(`the emergency stop was not engaged: ${shown(error).message}`);
  }
}

/**
 * Starts the kill of each that is marked, and adds it to the receipt.
 * @param known what was read of them: known by more than their labels should the store not answer any more
 * @throws KillswitchError what a single kill is refused for; `store_unavailable` where one could not be marked for
 *   that: the others are being killed
 */
function startKills(core: Core, job: Job, verdicts: readonly Verdict[], known: readonly Candidate[]): void {
  let storeDown: KillswitchError | undefined;
  for (const verdict of verdicts) {
    if (verdict.kind === 'refused' && isStoreDown(verdict.error)) {
      storeDown ??= verdict.error;
      continue;
    }
    const entry = startKill(job, verdict);
    if (entry) job.receipt.add(entry);
  }
  if (!storeDown) return;
  for (const one of known) if (one.kind !== 'unreadable') cacheRecord(core, one.agent);
  throw storeDown;
}

/** One that ended by itself, was deleted or came to belong to others meanwhile is no failure of a kill-all. */
const UNSELECTED: ReadonlySet<ErrorCode> = new Set(['invalid_state', 'agent_not_found', 'forbidden']);

/**
 * Starts what a verdict asks for; `undefined` where there is nothing to do and nothing to say.
 * @throws KillswitchError the verdict's own refusal, where the command is for this one agent
 */
export function startKill(
  { command, order, inFlight }: Pick<Job, 'command' | 'order' | 'inFlight'>,
  verdict: Verdict,
): Entry | undefined {
  const byLabel = (agentId: string, error: KillswitchError): Entry =>
    inFlight.run({ ...order, agent: { agentId }, isRecorded: false, error });
  switch (verdict.kind) {
    case 'killed': {
      const { agent, statusBefore } = verdict;
      // There was nothing to stop and nothing to clear: the mark itself has settled it.
      if (agent.kill?.confirmedAt) {
        return endedEntry(agent, order.operationId, { statusBefore, outcomes: [SWITCHED_OFF] });
      }
      const entry = inFlight.run(recordedKill(order, agent));
      entry.statusBefore = statusBefore;
      return entry;
    }
    case 'owing':
      return inFlight.run(recordedKill(order, verdict.agent));
    case 'unreadable': {
      const why = `${verdict.why}; stopped by its label alone`;
      return byLabel(verdict.agentId, new KillswitchError('unreadable_record', why));
    }
    case 'refused': {
      const { agentId, error } = verdict;
      if (command.type === 'kill') throw error;
      if (UNSELECTED.has(error.code)) return undefined;
      // Whatever keeps its record from being marked must not keep it running.
      if (error.code === 'conflict') return byLabel(agentId, error);
      return endedEntry({ agentId }, order.operationId, { error });
    }
  }
}
