import { firstStart, type Observation, observe, observedAgent } from '../discovery/observed.js';
import { type Agent, isActive } from '../domain/agent.js';
import { narrow } from '../domain/authorize.js';
import type { KillAllCommand } from '../domain/command.js';
import { readRecord } from '../domain/record.js';
import type { Selector } from '../domain/selector.js';
import { matches } from '../domain/selector.js';
import { leftWarning } from '../domain/wording.js';
import type { Core } from '../ports/core.js';
import type { Cases } from './in-flight.js';
import { type Candidate, commitKills, previewKills } from './mark-killed.js';
import { isLater } from './selection.js';
import { followVerdicts, type Progress } from './stop-page.js';

/** Milliseconds before the next look at a host that could not be seen wholly; doubling. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4_000;
/** Looks that find something new each time are up against something that starts agents without end. */
const MOST_LOOKS = 16;

/**
 * Stops what runs here under a label and was not stopped by its record: it was never registered, or its record says
 * something else. Looks again until a look finds nothing more to stop; while something could not be seen, for as long as one
 * kill may take.
 * @throws KillswitchError `store_unavailable`
 */
export async function stopObserved(
  core: Core,
  cases: Cases,
  command: KillAllCommand,
  progress: Progress,
): Promise<void> {
  const selector = narrow(command.selector, command.actor.within);
  const endsAt = core.clock.monotonic() + core.limits.killMs;
  const handled = progress.refused;
  let observation = await observe(core);
  for (let look = 1, pause = FIRST_PAUSE; ; look++) {
    const { blind, byAgent } = observation;
    progress.report.blind(blind);
    const fresh = [...byAgent.keys()].filter(agentId => !handled.has(agentId) && handled.add(agentId));
    const stopped = await stopThese(core, cases, command, { selector, observation, fresh, progress });
    if (command.dryRun) return;
    if (blind.length === 0 && (stopped === 0 || look === MOST_LOOKS)) return;
    if (blind.length > 0) {
      if (core.clock.monotonic() + pause > endsAt) return;
      await new Promise(resolve => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
    observation = await observe(core);
  }
}

interface Fresh {
  readonly selector: Selector;
  readonly observation: Observation;
  readonly fresh: readonly string[];
  readonly progress: Progress;
}

/** @returns how many were stopped that no record had led to */
async function stopThese(
  core: Core,
  cases: Cases,
  command: KillAllCommand,
  { selector, observation, fresh, progress }: Fresh,
): Promise<number> {
  if (fresh.length === 0) return 0;
  const stored = await core.records.agents(fresh);
  const readings = new Map(stored.map(one => [one.agentId, readRecord(one)]));
  const candidates: Candidate[] = [];
  const unknown: string[] = [];
  for (const agentId of fresh) {
    const reading = readings.get(agentId);
    const seen = observation.byAgent.get(agentId) ?? [];
    // An unreadable record was selected, or not, with all the others.
    if (reading?.kind === 'unreadable') continue;
    const agent = reading?.agent ?? observedAgent(core, agentId, seen);
    if (isLater(command, firstStart(seen) ?? Date.parse(agent.startedAt ?? ''))) continue;
    // A dry run has counted it with the other active records.
    const isCounted = command.dryRun && reading !== undefined && isActive(agent.status);
    if (isCounted || wasStopped(agent, command, observation)) continue;
    if (isSelected(selector, agent)) candidates.push(reading ?? { kind: 'observed', agent });
    else if (!reading) unknown.push(agentId);
  }
  if (unknown.length > 0) {
    progress.report.warn(leftWarning(unknown));
  }
  if (candidates.length === 0) return 0;
  const running = new Set(fresh);
  const verdicts = command.dryRun
    ? previewKills(command, candidates, running)
    : await commitKills(core, command, candidates, running);
  const agents = candidates.flatMap(one => (one.kind === 'unreadable' ? [] : [one.agent]));
  followVerdicts(core, cases, command, { verdicts, agents }, progress);
  return candidates.length;
}

/** It is running, so a selector of running agents selects it whatever its record says. */
function isSelected({ status, ...content }: Selector, agent: Agent): boolean {
  const wanted = status === undefined ? undefined : [status].flat();
  const isStatus = !wanted || wanted.includes('running') || wanted.includes(agent.status);
  return isStatus && matches(content, agent);
}

/** By this very command, or by another one since the look began: what was seen is not news. */
function wasStopped({ kill, status }: Agent, command: KillAllCommand, { since }: Observation): boolean {
  if (status !== 'killed' || !kill) return false;
  return kill.operationId === command.operationId || Date.parse(kill.requestedAt) >= since;
}
