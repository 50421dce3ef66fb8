import { type Agent, isActive, type Status } from './agent.js';
import { MAX_ROUNDS } from './change.js';
import type { Command } from './command.js';
import type { Core } from './core.js';
import { KillswitchError, shown, unknownAgent } from './errors.js';
import { marksBy } from './mark.js';
import { idOf, type Reading, readRecord } from './record.js';
import type { Stoppable } from './stop-agent.js';

/** What the store says of one agent after it was told to mark it killed. */
export type Verdict =
  | { readonly kind: 'killed'; readonly agent: Agent; readonly statusBefore: Status }
  /** Killed before, and something is still owed: the caller may pay now. */
  | { readonly kind: 'owing'; readonly agent: Agent }
  /** Nothing can be written, but what carries the label can be stopped. */
  | { readonly kind: 'unreadable'; readonly agentId: string; readonly why: string }
  | { readonly kind: 'refused'; readonly agentId: string; readonly error: KillswitchError }
  /** A dry run: it would be killed. */
  | { readonly kind: 'preview'; readonly agent: Stoppable };

const refused = (agentId: string, error: KillswitchError): Verdict => ({ kind: 'refused', agentId, error });

/** Why this agent cannot be killed by this command, or that it has been; `undefined`: go on. */
function objection(agent: Agent, command: Command): Verdict | undefined {
  const { agentId, status, kill } = agent;
  // One of this very operation: the store did it twice, or its first answer was lost.
  const isOurs = kill?.operationId === command.operationId;
  if (status === 'killed' && kill && (kill.pending.length > 0 || isOurs)) return { kind: 'owing', agent };
  if (!isActive(status) && !endedByStop(agent, command)) {
    return refused(agentId, new KillswitchError('invalid_state', `Agent ${agentId} is ${status}`));
  }
  const expected = command.type === 'kill' ? command.expectedContainerId : undefined;
  if (expected !== undefined && expected !== agent.containerId) {
    return refused(agentId, new KillswitchError('container_changed', 'The record names another container'));
  }
  return undefined;
}

/** It is said to have ended by itself, and this very command had stopped it before. */
export const endedByStop = ({ agentId, status }: Agent, { wereActive }: Command): boolean =>
  (status === 'completed' || status === 'failed') && wereActive?.includes(agentId) === true;

/**
 * Marks agents killed, each in one atomic step: record, tombstone, what is owed, audit, index. Reads again and
 * retries where somebody else wrote in between.
 * @returns a verdict for each, in no fixed order
 */
export async function commitKills(
  core: Core,
  command: Command,
  readings: readonly Reading[],
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  let open = readings;
  for (let round = 0; open.length > 0 && round < MAX_ROUNDS; round++) {
    const markOf = marksBy(core, command);
    const tries = [];
    for (const reading of open) {
      if (reading.kind === 'unreadable') {
        verdicts.push(reading);
        continue;
      }
      const objected = objection(reading.agent, command);
      if (objected) verdicts.push(objected);
      else tries.push({ before: reading.agent, ...markOf(reading.agent, reading.raw) });
    }
    const lost = new Set(tries.map(({ before }) => before.agentId));
    try {
      const results = tries.length > 0 ? await core.records.commit(tries.map(({ step }) => step)) : [];
      for (const [index, { before, killed, step }] of tries.entries()) {
        if (results[index] !== 'committed') continue;
        lost.delete(before.agentId);
        core.log.warn(
          Object.assign({}, ...step.audit),
          killed.kill?.confirmedAt ? 'agent settled' : 'agent marked killed',
        );
        verdicts.push({ kind: 'killed', agent: killed, statusBefore: before.status });
      }
      open = lost.size > 0 ? (await core.records.agents([...lost])).map(readRecord) : [];
    } catch (error) {
      // Whoever is marked already must be stopped all the same.
      core.log.error({ err: error, operationId: command.operationId }, 'agents not marked killed');
      return [...verdicts, ...[...lost].map(agentId => refused(agentId, shown(error)))];
    }
    for (const reading of open) lost.delete(idOf(reading));
    for (const agentId of lost) verdicts.push(refused(agentId, unknownAgent(agentId)));
  }
  return [...verdicts, ...open.map(reading => refused(idOf(reading), new KillswitchError('conflict')))];
}

/** What {@link commitKills} would do, from what was read. Starts nothing, not even a retry. */
export const previewKills = (command: Command, readings: readonly Reading[]): readonly Verdict[] =>
  readings.map(reading => {
    if (reading.kind === 'unreadable') return { kind: 'preview', agent: { agentId: reading.agentId } };
    const objected = objection(reading.agent, command);
    return objected?.kind === 'refused' ? objected : { kind: 'preview', agent: reading.agent };
  });
