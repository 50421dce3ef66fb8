import type { Case } from './case.js';
import type { Command } from './command.js';
import { isLocal, type Verdict } from './commit.js';
import type { Core } from './core.js';
import { KillswitchError } from './errors.js';
import { openLedger } from './ledger.js';
import { present } from './present.js';
import { settle } from './settle.js';
import { type Stoppable, stopAgent } from './stop-agent.js';

/** The agents that this process is stopping right now. */
export interface Cases {
  /**
   * Starts what a verdict asks for, or joins it where it is under way already: two commands for one agent do its
   * clean-up once. Answers at once; `undefined` where there is nothing to tell.
   * @throws KillswitchError the verdict's own refusal, where the command is for this one agent
   */
  follow(command: Command, verdict: Verdict, startedAt: number): Case | undefined;
  /** Resolves when none is left. */
  idle(): Promise<void>;
}

export function openCases(core: Core): Cases {
  const working = new Map<string, Case>();

  /** Work under way may be waiting out a grace that this command does not give. */
  const join = (agentId: string, operationId: string, graceMs: number): Case | undefined => {
    const one = working.get(agentId);
    return one && one.operationId === operationId && one.graceMs <= graceMs ? one : undefined;
  };

  function start(
    agent: Stoppable,
    { operationId, graceMs, startedAt }: { operationId: string; graceMs: number; startedAt: number },
    after: (one: Case) => Promise<void>,
    error?: KillswitchError,
  ): Case {
    const { clock } = core;
    const ledger = openLedger(agent.kill?.pending ?? [], { clock, startedAt });
    const one: Case = {
      agent,
      operationId,
      graceMs,
      ledger,
      ...(error ? { error } : {}),
      done: stopAgent(core, agent, { operationId, graceMs, ledger })
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

  return {
    follow(command, verdict, startedAt) {
      const graceMs = (command.graceSeconds ?? 0) * 1_000;
      switch (verdict.kind) {
        case 'refused':
          if (command.type === 'kill') throw verdict.error;
          // One that ended by itself or was deleted meanwhile is no failure.
          if (verdict.error.code === 'invalid_state' || verdict.error.code === 'agent_not_found') {
            return undefined;
          }
          return ended(core, { agentId: verdict.agentId }, command.operationId, { error: verdict.error });
        case 'preview':
          return ended(
            core,
            verdict.agent,
            command.operationId,
            present({ statusBefore: verdict.agent.status }),
          );
        case 'unreadable': {
          const error = new KillswitchError(
            'unreadable_record',
            `${verdict.why}; stopped by its label alone`,
          );
          const agent = { agentId: verdict.agentId };
          const { operationId } = command;
          return start(agent, { operationId, graceMs, startedAt }, async () => undefined, error);
        }
        case 'killed':
        case 'owing': {
          const { agent } = verdict;
          const operationId = agent.kill?.operationId ?? command.operationId;
          const one =
            join(agent.agentId, operationId, graceMs) ??
            (isLocal(core, agent)
              ? start(agent, { operationId, graceMs, startedAt }, ({ ledger }) =>
                  settle(core, {
                    agent,
                    operationId,
                    actor: command.actor.subject,
                    outcomes: ledger.outcomes,
                  }),
                )
              : elsewhere(core, agent, operationId, startedAt));
          if (verdict.kind === 'killed') one.statusBefore = verdict.statusBefore;
          return one;
        }
      }
    },
    async idle() {
      while (working.size > 0) await Promise.all([...working.values()].map(({ done }) => done));
    },
  };
}

/** A case without work. */
function ended(
  { clock }: Core,
  agent: Stoppable,
  operationId: string,
  told: Pick<Case, 'error' | 'statusBefore'>,
): Case {
  const ledger = openLedger([], { clock, startedAt: clock.monotonic() });
  return { agent, operationId, graceMs: 0, ledger, done: Promise.resolve(), ...told };
}

/** The agent runs on another host, whose node finds the debt and pays. */
function elsewhere({ clock }: Core, agent: Stoppable, operationId: string, startedAt: number): Case {
  const detail = `host ${agent.host} has not answered`;
  const ledger = openLedger(agent.kill?.pending ?? [], { clock, startedAt, detail });
  return { agent, operationId, graceMs: 0, ledger, done: Promise.resolve() };
}
