import type { Actor } from '../domain/actor.js';
import type { Agent } from '../domain/agent.js';
import type { Command } from '../domain/command.js';
import type { Place } from '../domain/debt.js';
import { KillswitchError } from '../domain/errors.js';
import { areDown, isOpen, type LayerOutcome, SWITCHED_OFF } from '../domain/outcome.js';
import type { Core } from '../ports/core.js';
import type { Target } from '../ports/sandbox.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { withTimeout } from '../util/with-timeout.js';
import { type Ask, asksOf } from './asks.js';
import type { Entry, Stoppable } from './receipt.js';
import { settle } from './settle.js';
import type { Claims } from './worktree-claims.js';

/** How the agents of one command are killed. */
export interface KillOrder {
  readonly operationId: string;
  readonly actor: Actor;
  /** Between SIGTERM and SIGKILL; 0: SIGKILL at once. */
  readonly graceMs: number;
  /** Processes that other agents need as well are stopped too. */
  readonly shared?: boolean;
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
  {
    operationId,
    actor,
    graceSeconds = 0,
    shared = false,
  }: Pick<Command, 'operationId' | 'actor' | 'graceSeconds' | 'shared'>,
): KillOrder => ({
  operationId,
  actor,
  graceMs: graceSeconds * 1_000,
  shared,
  startedAt: clock.monotonic(),
});

/** The kill of an agent that is marked killed, under the operation that marked it. */
export const recordedKill = (order: KillOrder, agent: Agent): AgentKill => ({
  ...order,
  operationId: agent.kill?.operationId ?? order.operationId,
  agent,
  isRecorded: true,
  // An attempt that comes later does what was asked for.
  shared: order.shared === true || agent.kill?.shared === true,
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
  const asks = asksOf(core, kill.agent);
  const deaths = asks.map(ask => killSandbox(core, ask, { kill, target, entry }));
  const removals = asks.map(async (ask, index) => {
    const death = await deaths[index];
    if (death?.needsRemoval) await removeSandbox(core, ask, { target, entry });
  });
  if (areDown(await Promise.all(deaths))) entry.isDown = true;
  await clearWorktree(core, { target, entry });
  if (core.sandboxes.length === 0) entry.note(SWITCHED_OFF);
  await Promise.all(removals);
  await writeEnd(core, kill, entry);
}

function targetOf({ agent, operationId }: AgentKill): Target {
  const { agentId, sandboxes, repository, worktreePath, detector, process } = agent;
  const bootId = process?.bootId;
  return omitUndefined<Target>({
    ...{ agentId, operationId, sandboxes, repository, worktreePath, detector, bootId },
  });
}

interface Work {
  readonly target: Target;
  readonly entry: Entry;
}

async function killSandbox(
  core: KillCore,
  { sandbox, place }: Ask,
  { kill, target, entry }: Work & { readonly kill: AgentKill },
): Promise<LayerOutcome> {
  const { graceMs, shared = false, agent } = kill;
  const asked = targetIn(target, place);
  const seen = await attempt(core, place, target, graceMs + core.limits.killMs, deadline =>
    sandbox.kill(asked, { graceMs, deadline, shared }),
  );
  const death = core.isAlone() ? seen : unlessElsewhere(agent, seen);
  entry.note(death);
  return death;
}

/** The target as the sandbox of one place is asked about it. */
const targetIn = (target: Target, { id }: Place): Target => (id === undefined ? target : { ...target, id });

async function removeSandbox(
  core: KillCore,
  { sandbox, place }: Ask,
  { target, entry }: Work,
): Promise<void> {
  const asked = targetIn(target, place);
  const removal = await attempt(core, place, target, core.limits.cleanupMs, deadline =>
    sandbox.remove(asked, deadline),
  );
  const isStillDead = isOpen(removal) && !sandbox.mayComeBack;
  entry.note(isStillDead ? { ...removal, outcome: 'dead', needsRemoval: true } : removal);
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
    await attempt(core, { layer: 'worktree' }, target, core.limits.cleanupMs, deadline =>
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
 * Runs one try on one place and always comes back with an outcome: what an adapter throws is `failed`; one that does
 * not answer within `ms` is `pending`, and what it does after that is not awaited.
 */
export async function attempt(
  { log }: Pick<Core, 'log'>,
  place: Place,
  { agentId }: Pick<Target, 'agentId'>,
  ms: number,
  act: (deadline: AbortSignal) => Promise<LayerOutcome>,
): Promise<LayerOutcome> {
  const controller = new AbortController();
  // A synchronous throw must come back like a rejection.
  const work = Promise.resolve()
    .then(() => act(controller.signal))
    .then(outcome => ({ ...outcome, ...place }))
    .catch((error: unknown): LayerOutcome => {
      log.error({ err: error, agentId, ...place }, 'clean-up failed');
      const detail = error instanceof KillswitchError ? error.message : 'unexpected error';
      return { ...place, outcome: 'failed', detail };
    });
  return withTimeout(work, ms, (): LayerOutcome => {
    controller.abort();
    return { ...place, outcome: 'pending', detail: 'no answer in time' };
  });
}

/** What a record without a host names may run on another host: that it is not here proves nothing. */
function unlessElsewhere({ host }: Stoppable, seen: LayerOutcome): LayerOutcome {
  const isAbsent = ['alreadyGone', 'notFound', 'skipped'].includes(seen.outcome);
  if (host !== undefined || seen.id === undefined || !isAbsent) return seen;
  const { detail: _, ...place } = seen;
  return { ...place, outcome: 'blind', detail: 'the record names no host, and it does not run on this one' };
}
