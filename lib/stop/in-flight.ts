import type { Actor } from '../domain/actor.js';
import type { Agent } from '../domain/agent.js';
import type { Command } from '../domain/command.js';
import { type ErrorCode, KillswitchError } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import { isLocal } from '../ports/core.js';
import { batchRecords } from '../store/batch.js';
import { type Case, endedCase } from './case.js';
import { openLedger } from './ledger.js';
import type { Verdict } from './mark-killed.js';
import { settle } from './settle.js';
import { type Stoppable, SWITCHED_OFF, stopAgent } from './stop-agent.js';
import { openClaims } from './worktree-claims.js';

/** How one agent is to be stopped. */
export interface Order {
  readonly operationId: string;
  readonly graceMs: number;
  /** Monotonic milliseconds of the command's acceptance. */
  readonly startedAt: number;
}

/** The agents that this process is stopping right now. */
export interface Cases {
  /**
   * Starts what a verdict asks for, or joins it where it is under way already: two commands for one agent do its
   * clean-up once. Answers at once; `undefined` where there is nothing to tell.
   * @throws KillswitchError the verdict's own refusal, where the command is for this one agent
   */
  follow(command: Command, verdict: Verdict, startedAt: number): Case | undefined;
  /** Stops whatever carries the agent's label, and writes nothing into its record. */
  stopUnrecorded(
    agent: Stoppable,
    order: Order,
    options?: { error?: KillswitchError; after?: (one: Case) => Promise<void> },
  ): Case;
  isWorkedOn(agentId: string): boolean;
  /** Resolves when none is left. */
  idle(): Promise<void>;
}

const UNSELECTED: ReadonlySet<ErrorCode> = new Set(['invalid_state', 'agent_not_found', 'forbidden']);

export function openCases(core: Core): Cases {
  const working = new Map<string, Case>();
  // A kill-all of many settles them one by one.
  const settling: Core = { ...core, records: batchRecords(core.records) };
  const claims = openClaims(core, () =>
    [...working.values()].map(({ agent, ledger }) => ({ agent, isDown: ledger.isDown === true })),
  );

  /** Work under way may be waiting out a grace that this command does not give. */
  const join = (agentId: string, { operationId, graceMs }: Order): Case | undefined => {
    const one = working.get(agentId);
    return one && one.operationId === operationId && one.graceMs <= graceMs ? one : undefined;
  };

  function start(
    agent: Stoppable,
    { operationId, graceMs, startedAt }: Order,
    after: (one: Case) => Promise<void>,
    error?: KillswitchError,
  ): Case {
    const { clock } = core;
    const ledger = openLedger(agent.kill?.pending ?? [], { clock, startedAt });
    const claimed = claims.against(agent.agentId);
    const one: Case = {
      agent,
      operationId,
      graceMs,
      ledger,
      ...(error ? { error } : {}),
      done: stopAgent(core, agent, { operationId, graceMs, ledger, claimed })
        .then(() => after(one))
        .catch((reason: unknown) => {
          core.log.error({ err: reason, agentId: agent.agentId, operationId }, 'the store was not told');
        })
        .finally(() => {
          if (working.get(agent.agentId) === one) working.delete(agent.agentId);
        }),
    };
    working.set(agent.agentId, one);
    return one;
  }

  function stopRecorded(agent: Agent, order: Order, actor: Actor): Case {
    const { operationId } = order;
    const joined = join(agent.agentId, order);
    if (joined) return joined;
    if (!isLocal(core, agent)) return elsewhere(core, agent, order);
    return start(agent, order, ({ ledger: { outcomes } }) =>
      settle(settling, { agent, operationId, actor, outcomes }),
    );
  }

  return {
    follow(command, verdict, startedAt) {
      const graceMs = (command.graceSeconds ?? 0) * 1_000;
      const order = { operationId: command.operationId, graceMs, startedAt };
      switch (verdict.kind) {
        case 'refused':
          if (command.type === 'kill') throw verdict.error;
          // One that ended by itself, was deleted or came to belong to others meanwhile is no failure.
          if (UNSELECTED.has(verdict.error.code)) return undefined;
          // Whatever keeps its record from being marked must not keep it running.
          if (verdict.error.code === 'conflict') {
            return this.stopUnrecorded({ agentId: verdict.agentId }, order, { error: verdict.error });
          }
          return endedCase({ agentId: verdict.agentId }, command.operationId, { error: verdict.error });
        case 'preview':
          return endedCase(verdict.agent, command.operationId, { statusBefore: verdict.agent.status });
        case 'unreadable': {
          const error = new KillswitchError(
            'unreadable_record',
            `${verdict.why}; stopped by its label alone`,
          );
          return this.stopUnrecorded({ agentId: verdict.agentId }, order, { error });
        }
        case 'owing':
        case 'killed': {
          const { agent } = verdict;
          if (verdict.kind === 'killed' && agent.kill?.confirmedAt) {
            const { statusBefore } = verdict;
            return endedCase(agent, command.operationId, { statusBefore, outcomes: [SWITCHED_OFF] });
          }
          const operationId = agent.kill?.operationId ?? command.operationId;
          const one = stopRecorded(agent, { ...order, operationId }, command.actor);
          if (verdict.kind === 'killed') one.statusBefore = verdict.statusBefore;
          return one;
        }
      }
    },
    stopUnrecorded: (agent, order, { error, after = async () => undefined } = {}) =>
      join(agent.agentId, order) ?? start(agent, order, after, error),
    isWorkedOn: agentId => working.has(agentId),
    async idle() {
      while (working.size > 0) await Promise.all([...working.values()].map(({ done }) => done));
    },
  };
}

/** The agent runs on another host, whose node finds the debt and pays. */
function elsewhere({ clock }: Core, agent: Agent, { operationId, startedAt }: Order): Case {
  const detail = `host ${agent.host} has not answered`;
  const ledger = openLedger(agent.kill?.pending ?? [], { clock, startedAt, detail });
  return { agent, operationId, graceMs: 0, ledger, done: Promise.resolve() };
}
