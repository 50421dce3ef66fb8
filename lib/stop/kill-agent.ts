import type { Actor } from '../domain/actor.js';
import type { Agent, LayerName } from '../domain/agent.js';
import type { Command } from '../domain/command.js';
import { KillswitchError } from '../domain/errors.js';
import { areDown, isOpen, type LayerOutcome, SWITCHED_OFF } from '../domain/outcome.js';
import type { Core } from '../ports/core.js';
import type { Sandbox, Target } from '../ports/sandbox.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { withTimeout } from '../util/with-timeout.js';
import type { Entry, Stoppable } from './receipt.js';
import { settle } from './settle.js';
import type { Claims } from './worktree-claims.js';

/** How the agents of one command are killed. */
export interface KillOrder {
  readonly operationId: string;
  readonly actor: Actor;
  /** Between SIGTERM and SIGKILL; 0: SIGKILL at once. */
  readonly graceMs: number;
  /** Monotonic milliseconds of the command's acceptance. */
  readonly startedAt: number;
}

/** The kill of one agent. */
export interface AgentKill extends KillOrder {
  readonly agent: Stoppable;
  /** Its record is marked killed, and is settled at the end. Otherwise its record is left as it is. */
  readonly isRecorded: boolean;
  /** Why it could not be marked killed. */
  readonly error?: KillswitchError;
  /** Where no record is settled: writes into the audit what was seen. */
  readonly audit?: (entry: Entry) => Promise<void>;
}

/** The order by which a command kills, accepted now. */
export const orderOf = (
  { clock }: Pick<Core, 'clock'>,
  { operationId, actor, graceSeconds = 0 }: Pick<Command, 'operationId' | 'actor' | 'graceSeconds'>,
): KillOrder => ({
  operationId,
  actor,
  graceMs: graceSeconds * 1_000,
  startedAt: clock.monotonic(),
});

/** The kill of an agent that is marked killed, under the operation that marked it. */
export const recordedKill = (order: KillOrder, agent: Agent): AgentKill => ({
  ...order,
  operationId: agent.kill?.operationId ?? order.operationId,
  agent,
  isRecorded: true,
});

export interface KillCore extends Core {
  readonly claims: Claims;
}

/**
 * Kills one agent of this host: its sandboxes, each seen dead; then clears up after it; then settles it: writes into
 * its record that nothing is owed any more, or what is, why, and when the reconcile tries again.
 *
 * Every sandbox is tried, whatever became of the others. One that does not answer in time is `pending`, its signal is
 * aborted, and the worktree stays in place, because something may still run in it. Never rejects.
 */
export async function killAgent(core: KillCore, kill: AgentKill, entry: Entry): Promise<void> {
  const target = targetOf(kill);
  const deaths = core.sandboxes.map(sandbox => killSandbox(core, sandbox, { kill, target, entry }));
  const removals = core.sandboxes.map(async (sandbox, index) => {
    const death = await deaths[index];
    if (death?.layer === 'container' && death.outcome === 'dead') {
      await removeSandbox(core, sandbox, { target, entry });
    }
  });
  if (areDown(await Promise.all(deaths))) entry.isDown = true;
  await clearWorktree(core, { target, entry });
  if (core.sandboxes.length === 0) entry.note(SWITCHED_OFF);
  await Promise.all(removals);
  await writeEnd(core, kill, entry);
}

function targetOf({ agent, operationId }: AgentKill): Target {
  const { agentId, containerId, process, repository, worktreePath } = agent;
  return omitUndefined<Target>({ agentId, operationId, containerId, process, repository, worktreePath });
}

interface Work {
  readonly target: Target;
  readonly entry: Entry;
}

async function killSandbox(
  core: KillCore,
  sandbox: Sandbox,
  { kill, target, entry }: Work & { readonly kill: AgentKill },
): Promise<LayerOutcome> {
  const { graceMs, agent } = kill;
  const seen = await attempt(core, sandbox.layer, target, graceMs + core.limits.killMs, deadline =>
    sandbox.kill(target, { graceMs, deadline }),
  );
  const death = core.isAlone() ? seen : unlessElsewhere(agent, seen);
  entry.note(death);
  return death;
}

async function removeSandbox(core: KillCore, sandbox: Sandbox, { target, entry }: Work): Promise<void> {
  const removal = await attempt(core, sandbox.layer, target, core.limits.cleanupMs, deadline =>
    sandbox.remove(target, deadline),
  );
  // What was seen dead stays dead, whatever became of its remains.
  entry.note(isOpen(removal) ? { ...removal, outcome: 'dead' } : removal);
}

async function clearWorktree(core: KillCore, { target, entry }: Work): Promise<void> {
  if (target.worktreePath === undefined) return;
  if (!entry.isDown) {
    entry.note({
      layer: 'worktree',
      outcome: 'pending',
      detail: 'left in place until the agent is seen dead',
    });
    return;
  }
  const claimed = core.claims.against(target.agentId);
  entry.note(
    await attempt(core, 'worktree', target, core.limits.cleanupMs, deadline =>
      core.worktrees.clear(target, deadline, claimed),
    ),
  );
}

/** What cannot be written now is still owed by the record, and is tried again by the reconcile. */
async function writeEnd(core: KillCore, kill: AgentKill, entry: Entry): Promise<void> {
  const { agent, operationId, actor, isRecorded, audit } = kill;
  try {
    if (isRecorded) await settle(core, { agent, operationId, actor, outcomes: entry.outcomes });
    else await audit?.(entry);
  } catch (err) {
    core.log.error({ err, agentId: agent.agentId, operationId }, 'the store was not told');
  }
}

/**
 * Runs one try on one layer and always comes back with an outcome: what an adapter throws is `failed`; one that does
 * not answer within `ms` is `pending`, and what it does after that is not awaited.
 */
export async function attempt(
  { log }: Pick<Core, 'log'>,
  layer: LayerName,
  { agentId }: Pick<Target, 'agentId'>,
  ms: number,
  act: (deadline: AbortSignal) => Promise<LayerOutcome>,
): Promise<LayerOutcome> {
  const controller = new AbortController();
  // A synchronous throw must come back like a rejection.
  const work = Promise.resolve()
    .then(() => act(controller.signal))
    .then(outcome => ({ ...outcome, layer }))
    .catch((error: unknown): LayerOutcome => {
      log.error({ err: error, agentId, layer }, 'clean-up failed');
      const detail = error instanceof KillswitchError ? error.message : 'unexpected error';
      return { layer, outcome: 'failed', detail };
    });
  return withTimeout(work, ms, (): LayerOutcome => {
    controller.abort();
    return { layer, outcome: 'pending', detail: 'no answer in time' };
  });
}

/** What a record without a host names may run on another host: that it is not here proves nothing. */
function unlessElsewhere({ host, containerId, process }: Stoppable, seen: LayerOutcome): LayerOutcome {
  const recorded = seen.layer === 'container' ? containerId : process;
  const isAbsent = ['alreadyGone', 'notFound', 'skipped'].includes(seen.outcome);
  if (host !== undefined || recorded === undefined || !isAbsent) return seen;
  const detail = 'the record names no host, and it does not run on this one';
  return { layer: seen.layer, outcome: 'blind', detail };
}
