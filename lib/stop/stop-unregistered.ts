import { firstStart, type Observation, observe, observedAgent } from '../discovery/observed.js';
import { type Agent, isActive } from '../domain/agent.js';
import { covers, narrow, outside } from '../domain/authorize.js';
import type { KillAllCommand, KillCommand } from '../domain/command.js';
import { unknownAgent } from '../domain/errors.js';
import { type Reading, readRecord } from '../domain/record.js';
import { matches, type Selector } from '../domain/selector.js';
import { leftWarning } from '../domain/wording.js';
import type { Core } from '../ports/core.js';
import { backoff } from '../util/backoff.js';
import type { Candidate, Candidates } from './mark-killed.js';
import type { ReceiptBuilder } from './receipt.js';
import { isLater } from './select.js';

/** Milliseconds before the next look at a host that could not be seen wholly; doubling. */
const PAUSE = { firstMs: 250, longestMs: 4_000 };
/** Looks that find something new each time are up against something that starts agents without end. */
const MAX_LOOKS = 16;

/**
 * One agent whose record does not allow the kill, or that has none: what runs here decides. What is seen running is
 * active, whatever its record says. Where this host could not be looked at, it may run all the same: it is marked
 * killed, and looked for until it can be seen.
 * @throws KillswitchError `agent_not_found`, `forbidden`
 */
export async function observeOne(
  core: Core,
  command: KillCommand,
  reading: Reading | undefined,
): Promise<Candidates> {
  const observation = await observe(core);
  const candidate = reading ?? unregistered(core, command, observation);
  const isRunning = candidate.kind !== 'unreadable' && mayRun(candidate.agent, observation);
  return { candidates: [candidate], running: new Set(isRunning ? [command.agentId] : []) };
}

function unregistered(core: Core, command: KillCommand, { byAgent, blind, unread }: Observation): Candidate {
  const { agentId, expectedContainerId, actor } = command;
  const seen = byAgent.get(agentId);
  if (!seen && blind.length === 0) throw unknownAgent(agentId, unread);
  const agent = observedAgent(core, agentId, seen ?? [], expectedContainerId);
  if (!covers(actor.within, agent)) throw outside();
  return { kind: 'observed', agent };
}

/** Whether it is seen running, or names a sandbox that cannot be looked at now. What was seen dead needs a sighting. */
function mayRun({ agentId, sandboxes, kill }: Agent, { byAgent, blind }: Observation): boolean {
  if (byAgent.has(agentId)) return true;
  const isConfirmed = kill?.confirmedAt !== undefined;
  return blind.length > 0 && !isConfirmed && sandboxes.length > 0;
}

/**
 * For a kill-all: what runs here under a label and was not stopped by its record, because it was never registered or
 * its record says something else. Looks again until a look finds nothing more; while something could not be seen, for
 * as long as one kill may take.
 * @param handled agents that need no look; grows
 * @throws KillswitchError `store_unavailable`
 */
export async function* observeAll(
  core: Core,
  command: KillAllCommand,
  { receipt, handled }: { readonly receipt: ReceiptBuilder; readonly handled: Set<string> },
): AsyncGenerator<Candidates> {
  const endsAt = core.clock.monotonic() + core.limits.killMs;
  let observation = await observe(core);
  for (let look = 1, pauses = 0; ; look++) {
    const { blind, byAgent } = observation;
    receipt.blind(blind);
    const fresh = [...byAgent.keys()].filter(agentId => !handled.has(agentId) && handled.add(agentId));
    const candidates = fresh.length > 0 ? await choose(core, command, { observation, fresh, receipt }) : [];
    if (candidates.length > 0) yield { candidates, running: new Set(fresh) };
    if (command.dryRun) return;
    if (blind.length === 0 && (candidates.length === 0 || look === MAX_LOOKS)) return;
    if (blind.length > 0) {
      const pause = backoff(pauses++, PAUSE);
      if (core.clock.monotonic() + pause > endsAt) return;
      await new Promise(resolve => setTimeout(resolve, pause));
    }
    observation = await observe(core);
  }
}

interface Seen {
  readonly observation: Observation;
  readonly fresh: readonly string[];
  readonly receipt: ReceiptBuilder;
}

/** Those to stop among those seen for the first time. */
async function choose(
  core: Core,
  command: KillAllCommand,
  { observation, fresh, receipt }: Seen,
): Promise<readonly Candidate[]> {
  const selector = narrow(command.selector, command.actor.within);
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
  if (unknown.length > 0) receipt.warn(leftWarning(unknown));
  return candidates;
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
