import type { Agent, Kill } from '../domain/agent.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import type { Command } from '../domain/command.js';
import { type Debt, debtsOf, type Place, placeOf } from '../domain/debt.js';
import { SWITCHED_OFF } from '../domain/outcome.js';
import { type SandboxKind, servedBy, shortKinds } from '../domain/sandbox.js';
import { type Core, isLocal, timestamp } from '../ports/core.js';
import type { Step } from '../ports/records.js';
import { signText } from '../store/signed-text.js';
import { setTexts } from '../util/json-edit.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** What a kill of an agent owes. One without any recorded sandbox is looked for by its label. */
function debtsIn(core: Core): (agent: Agent) => readonly Debt[] {
  const kinds = core.sandboxes.map(({ kind }) => kind);
  const unrecorded = { here: anyOf(kinds), elsewhere: anyOf(shortKinds) };
  return agent => {
    const { sandboxes, worktreePath } = agent;
    const isHere = isLocal(core, agent);
    const owed =
      sandboxes.length > 0
        ? sandboxes
            .filter(({ kind }) => !isHere || servedBy(kind, kinds))
            .map(({ kind, id }) => placeOf(kind, id))
        : unrecorded[isHere ? 'here' : 'elsewhere'];
    return debtsOf(worktreePath ? [...owed, { layer: 'worktree' }] : owed, sandboxes);
  };
}

const anyOf = (kinds: readonly SandboxKind[]): readonly Place[] =>
  [...new Set(kinds)].map(kind => placeOf(kind));

/** This kill pays our own debt, which only becomes due in case this process dies. */
const debtOf = (core: Core, agent: Agent): NonNullable<Step['debt']> => ({
  host: agent.host ?? core.hostId,
  dueAt: core.clock.now() + (isLocal(core, agent) ? core.limits.respondMs : 0),
});

/** The step that marks one agent killed, and the agent as it is then. */
export interface Mark {
  readonly step: Step;
  readonly killed: Agent;
}

/** A kill, and what stands of it in a record. */
interface Written {
  readonly kill: Kill;
  readonly texts: ReadonlyMap<string, string>;
}

const written = (kill: Kill): Written => ({
  kill,
  texts: new Map([
    ['status', '"killed"'],
    ['kill', JSON.stringify(kill)],
  ]),
});

/**
 * How one command marks agents. What is the same for all of them is worked out once. `raw` is `null` for one that has
 * no record yet: the mark writes it.
 */
export function killStepsOf(core: Core, command: Command): (agent: Agent, raw: string | null) => Mark {
  const at = timestamp(core);
  const { operationId, reason, requestId, actor, requestedAt = at, shared } = command;
  const tombstone = JSON.stringify({ operationId, at });
  const told = omitUndefined<AuditEntry>({
    timestamp: at,
    operation: 'KILL_AGENT',
    phase: 'accepted',
    operationId,
    requestId,
    ...by(actor),
    reason,
  });
  const settled = omitUndefined<AuditEntry>({
    ...told,
    phase: 'settled',
    requestId: undefined,
    reason: undefined,
    outcomes: [SWITCHED_OFF],
  });
  const first = omitUndefined<Kill>({
    operationId,
    requestedAt,
    requestedBy: actor.subject,
    reason,
    pending: [],
    attempts: 0,
    shared: shared ? true : undefined,
  });
  const owedBy = debtsIn(core);
  const kills = new Map<string, Written>();
  function killOwing(pending: readonly Debt[], isSettled: boolean): Written {
    const key = isSettled ? 'nothing' : pending.join();
    const known =
      kills.get(key) ?? written({ ...first, pending, ...(isSettled && { attempts: 1, confirmedAt: at }) });
    kills.set(key, known);
    return known;
  }

  return (agent, raw) => {
    const { agentId, taskId, status } = agent;
    const who = taskId === undefined ? { agentId } : { agentId, taskId };
    const accepted: AuditEntry = { ...told, ...who, statusBefore: status };
    const pending = owedBy(agent);
    // Where there is nothing to stop and nothing to clear, the mark itself settles it.
    const isSettled = core.sandboxes.length === 0 && pending.length === 0;
    const { kill, texts } = killOwing(pending, isSettled);
    const step: Step = {
      document: { kind: 'agent', id: agentId },
      expect: raw,
      next: setTexts(raw ?? JSON.stringify(agent), texts),
      active: false,
      tombstone: signText(core, 'tombstone', agentId, tombstone),
      debt: isSettled ? { host: core.hostId, dueAt: null } : debtOf(core, agent),
      audit: isSettled ? [accepted, { ...settled, ...who }] : [accepted],
    };
    return { step, killed: { ...agent, status: 'killed', kill } };
  };
}
