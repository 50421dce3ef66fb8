import type { Agent } from '../domain/agent.js';
import { areDown, isOpen, type LayerOutcome } from '../domain/outcome.js';
import type { Core } from '../ports/core.js';
import type { Target } from '../ports/sandbox.js';
import type { Claimed } from '../ports/worktrees.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { attempt } from './attempt.js';
import type { Ledger } from './ledger.js';

/** What may be stopped of an agent whose record cannot be read: whatever carries its label. */
export type Stoppable = Pick<Agent, 'agentId'> & Partial<Agent>;

/** What is told of an agent where no sandbox is switched on. */
export const SWITCHED_OFF: LayerOutcome = {
  layer: 'container',
  outcome: 'skipped',
  detail: 'sandbox disabled',
};

function targetOf(agent: Stoppable, operationId: string): Target {
  const { agentId, containerId, process, repository, worktreePath } = agent;
  return omitUndefined<Target>({ agentId, operationId, containerId, process, repository, worktreePath });
}

interface StopOrder {
  readonly operationId: string;
  readonly graceMs: number;
  readonly ledger: Ledger;
  /** Whose worktree it is besides, by the records. */
  readonly claimed: Claimed;
}

/**
 * Stops one agent of this host, sees it dead, and clears after it. Every layer is tried whatever became of the
 * others, with one exception: a worktree is moved only when nothing runs in it any more. Never rejects.
 */
export async function stopAgent(
  core: Core,
  agent: Stoppable,
  { operationId, graceMs, ledger, claimed }: StopOrder,
): Promise<void> {
  const { sandboxes, worktrees, limits, log } = core;
  const { agentId } = agent;
  const target = targetOf(agent, operationId);

  const deaths = sandboxes.map(async sandbox => {
    const bounds = { ms: graceMs + limits.killMs, log, agentId };
    const seen = await attempt(sandbox.layer, bounds, deadline =>
      sandbox.kill(target, { graceMs, deadline }),
    );
    const death = core.isAlone() ? seen : unlessElsewhere(agent, seen);
    ledger.note(death);
    return { sandbox, death };
  });
  const bounds = { ms: limits.cleanupMs, log, agentId };
  const removals = deaths.map(async pending => {
    const { sandbox, death } = await pending;
    if (death.layer !== 'container' || death.outcome !== 'dead') return;
    const removal = await attempt(sandbox.layer, bounds, deadline => sandbox.remove(target, deadline));
    // What was seen dead stays dead, whatever became of its remains.
    ledger.note(isOpen(removal) ? { ...removal, outcome: 'dead' } : removal);
  });

  const seen = (await Promise.all(deaths)).map(({ death }) => death);
  if (areDown(seen)) ledger.isDown = true;
  if (agent.worktreePath !== undefined) {
    ledger.note(
      areDown(seen)
        ? await attempt('worktree', bounds, deadline => worktrees.clear(target, deadline, claimed))
        : { layer: 'worktree', outcome: 'pending', detail: 'left in place until the agent is seen dead' },
    );
  }
  if (sandboxes.length === 0) ledger.note(SWITCHED_OFF);
  await Promise.all(removals);
}

/** What the record says and no node has claimed may run on another host: that it is not here proves nothing. */
function unlessElsewhere({ host, containerId, process }: Stoppable, seen: LayerOutcome): LayerOutcome {
  const recorded = seen.layer === 'container' ? containerId : process;
  const isAbsent = ['alreadyGone', 'notFound', 'skipped'].includes(seen.outcome);
  if (host !== undefined || recorded === undefined || !isAbsent) return seen;
  const detail = 'the record names no host, and it does not run on this one';
  return { layer: seen.layer, outcome: 'blind', detail };
}
