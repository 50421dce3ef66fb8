import { type Agent, isActive, type Status } from '../domain/agent.js';
import { covers, outside } from '../domain/authorize.js';
import type { Command } from '../domain/command.js';
import { KillswitchError, shown, unknownAgent } from '../domain/errors.js';
import { idOf, type Reading, readRecord } from '../domain/record.js';
import { isContainer } from '../domain/sandbox.js';
import type { Core } from '../ports/core.js';
import { MAX_ATTEMPTS } from '../store/compare-and-set.js';
import { killStepsOf } from './kill-step.js';
import { endedByStop } from './select.js';

/** One to be marked killed: what its record says, or one that was found running without a record. */
export type Candidate = Reading | { readonly kind: 'observed'; readonly agent: Agent };

export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** IDs of those that were seen running just now: they are active, whatever their records say. */
  readonly running?: ReadonlySet<string>;
}

export type Refused = { readonly kind: 'refused'; readonly agentId: string; readonly error: KillswitchError };

/** What became of one agent that was to be marked killed. */
export type Verdict =
  | { readonly kind: 'killed'; readonly agent: Agent; readonly statusBefore: Status }
  /** Killed before, and something is still owed: it may be done now. */
  | { readonly kind: 'owing'; readonly agent: Agent }
  /** Nothing can be written, but what carries the label can be stopped. */
  | { readonly kind: 'unreadable'; readonly agentId: string; readonly why: string }
  | Refused;

const refused = (agentId: string, error: KillswitchError): Refused => ({ kind: 'refused', agentId, error });

const NONE: ReadonlySet<string> = new Set();

/**
 * Marks agents killed, each in one atomic step: record, tombstone, what is owed, audit, index. Reads again and
 * retries where another program wrote in between.
 * @returns a verdict for each, in no fixed order
 */
export async function markKilled(
  core: Core,
  command: Command,
  { candidates, running = NONE }: Candidates,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  let open = candidates;
  for (let round = 0; open.length > 0 && round < MAX_ATTEMPTS; round++) {
    const stepFor = killStepsOf(core, command);
    const tries = [];
    for (const candidate of open) {
      if (candidate.kind === 'unreadable') {
        verdicts.push(candidate);
        continue;
      }
      const { agent } = candidate;
      const objected = objection(agent, command, running.has(agent.agentId));
      if (objected) verdicts.push(objected);
      else {
        const raw = candidate.kind === 'observed' ? null : candidate.raw;
        tries.push({ before: agent, ...stepFor(agent, raw) });
      }
    }
    const lost = new Set(tries.map(({ before }) => before.agentId));
    try {
      const results = tries.length > 0 ? await core.records.commit(tries.map(({ step }) => step)) : [];
      for (const [index, { before, killed, step }] of tries.entries()) {
        if (results[index] !== 'committed') continue;
        lost.delete(before.agentId);
        core.recentKills.add(before.agentId);
        core.log.warn(
          Object.assign({}, ...step.audit),
          killed.kill?.confirmedAt ? 'agent settled' : 'agent marked killed',
        );
        verdicts.push({ kind: 'killed', agent: killed, statusBefore: before.status });
      }
      open = lost.size > 0 ? (await core.records.agents([...lost])).map(readRecord) : [];
    } catch (error) {
      // Those that are marked already must be stopped all the same.
      core.log.error({ err: error, operationId: command.operationId }, 'agents not marked killed');
      return [...verdicts, ...[...lost].map(agentId => refused(agentId, shown(error)))];
    }
    for (const candidate of open) lost.delete(candidateId(candidate));
    for (const agentId of lost) verdicts.push(refused(agentId, unknownAgent(agentId)));
  }
  return [...verdicts, ...open.map(one => refused(candidateId(one), new KillswitchError('conflict')))];
}

const candidateId = (candidate: Candidate): string =>
  candidate.kind === 'observed' ? candidate.agent.agentId : idOf(candidate);

/**
 * Why this agent cannot be killed by this command, or that it has been; `undefined`: go on.
 * @param isRunning it was seen running just now: whatever its record says, it is active
 */
export function objection(agent: Agent, command: Command, isRunning: boolean): Verdict | undefined {
  const { agentId, status, kill } = agent;
  // Its record may have been written anew since it was selected.
  if (!covers(command.actor.within, agent)) return refused(agentId, outside());
  // One of this very operation: the store did it twice, or its first answer was lost.
  const isOurs = kill?.operationId === command.operationId;
  if (status === 'killed' && kill && (kill.pending.length > 0 || isOurs)) return { kind: 'owing', agent };
  const mayDie = isActive(status) || isRunning || kill?.dismissed || endedByStop(agent, command);
  if (!mayDie) {
    return refused(agentId, new KillswitchError('invalid_state', `Agent ${agentId} is ${status}`));
  }
  const expected = command.type === 'kill' ? command.expectedContainerId : undefined;
  if (
    expected !== undefined &&
    !agent.sandboxes.some(({ kind, id }) => isContainer(kind) && id === expected)
  ) {
    return refused(agentId, new KillswitchError('container_changed', 'The record names another container'));
  }
  return undefined;
}

/** Whether the status in the record forbids the kill: what runs here may still allow it. */
export const isInvalidState = (verdict: {
  readonly kind: string;
  readonly error?: KillswitchError;
}): boolean => verdict.error?.code === 'invalid_state';
