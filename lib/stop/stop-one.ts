import { type Observation, observe, observedAgent } from '../discovery/observed.js';
import type { Agent } from '../domain/agent.js';
import { covers, outside } from '../domain/authorize.js';
import type { KillCommand } from '../domain/command.js';
import { unknownAgent } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { Cases } from './in-flight.js';
import { type Candidate, commitKills, previewKills, type Verdict } from './mark-killed.js';
import { selectOne } from './selection.js';
import { followVerdicts, type Progress } from './stop-page.js';

/**
 * Stops one agent. Its record is asked first; where that forbids it, or there is none, what runs here decides: what is
 * seen running is active, whatever its record says.
 * @throws KillswitchError `agent_not_found`, `invalid_state`, `forbidden`, `container_changed`, `conflict`,
 *   `store_unavailable`
 */
export async function stopOne(
  core: Core,
  cases: Cases,
  command: KillCommand,
  progress: Progress,
): Promise<void> {
  const reading = await selectOne(core, command);
  const follow = (verdicts: readonly Verdict[]): void =>
    followVerdicts(
      core,
      cases,
      command,
      { verdicts, agents: reading?.kind === 'agent' ? [reading.agent] : [] },
      progress,
    );
  if (reading) {
    const verdicts = await judge(core, command, reading);
    if (!verdicts.some(isInvalidState)) return follow(verdicts);
  }
  const observation = await observe(core);
  const candidate = reading ?? unregistered(core, command, observation);
  const isRunning = 'agent' in candidate && mayRun(candidate.agent, observation);
  const running = isRunning ? new Set([command.agentId]) : undefined;
  follow(await judge(core, command, candidate, running));
}

/** Marks it killed, or says what a mark would do. */
const judge = async (
  core: Core,
  command: KillCommand,
  candidate: Candidate,
  running?: ReadonlySet<string>,
): Promise<readonly Verdict[]> =>
  command.dryRun
    ? previewKills(command, [candidate], running)
    : commitKills(core, command, [candidate], running);

const isInvalidState = (verdict: Verdict): boolean =>
  verdict.kind === 'refused' && verdict.error.code === 'invalid_state';

/**
 * An agent without a record. Where this host could not be looked at, it may run all the same: it is marked killed, and
 * looked for until it can be seen.
 * @throws KillswitchError `agent_not_found`, `forbidden`
 */
function unregistered(core: Core, command: KillCommand, { byAgent, blind, unread }: Observation): Candidate {
  const { agentId, expectedContainerId, actor } = command;
  const seen = byAgent.get(agentId);
  if (!seen && blind.length === 0) throw unknownAgent(agentId, unread);
  const agent = observedAgent(core, agentId, seen ?? [], expectedContainerId);
  if (!covers(actor.within, agent)) throw outside();
  return { kind: 'observed', agent };
}

/** Whether it is seen running, or names a sandbox that cannot be looked at now. What was seen dead needs a sighting. */
function mayRun({ agentId, containerId, process, kill }: Agent, { byAgent, blind }: Observation): boolean {
  if (byAgent.has(agentId)) return true;
  const isConfirmed = kill?.confirmedAt !== undefined;
  return blind.length > 0 && !isConfirmed && (containerId !== undefined || process !== undefined);
}
