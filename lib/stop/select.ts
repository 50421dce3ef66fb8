import { type Agent, isActive } from '../domain/agent.js';
import { covers, narrow, outside } from '../domain/authorize.js';
import type { Command, KillAllCommand, KillCommand } from '../domain/command.js';
import { KillswitchError } from '../domain/errors.js';
import { idOf, type Reading, readRecord } from '../domain/record.js';
import { matches, mayBeSelected, type Selector } from '../domain/selector.js';
import type { Core } from '../ports/core.js';
import type { Records } from '../ports/records.js';

/** A kill-all that finds new agents in every pass is up against something that starts them without end. */
const MAX_PASSES = 16;

/**
 * The record of one agent; `undefined`: it has none.
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function selectOne(core: Core, { agentId, actor }: KillCommand): Promise<Reading | undefined> {
  const [stored] = await core.records.agents([agentId]);
  const reading = stored && readRecord(stored);
  // An unreadable record does not say whose it is: it lies outside of what is narrowed to a task or host.
  if (reading && !covers(actor.within, reading.kind === 'agent' ? reading.agent : reading)) throw outside();
  return reading;
}

/**
 * The active agents that a kill-all is for, page by page.
 * @throws KillswitchError `forbidden`, `store_unavailable`; `conflict` if new agents kept appearing
 */
export async function* selectPages(core: Core, command: KillAllCommand): AsyncGenerator<readonly Reading[]> {
  for await (const page of select(core.records, narrow(command.selector, command.actor.within))) {
    yield page.filter(reading => !isLater(command, startOf(reading)));
  }
  if (command.wereActive) {
    const stored = await core.records.agents(command.wereActive);
    yield stored.map(readRecord).filter(one => one.kind === 'agent' && endedByStop(one.agent, command));
  }
}

/**
 * The active agents of a selector, page by page, each once: first through the index, which is fast, then through every
 * record, which also finds those that other programs wrote, and again until a pass finds nothing new: an agent that
 * was being started meanwhile is caught too.
 * @throws KillswitchError `conflict` if new ones kept appearing; `store_unavailable`
 */
export async function* select(records: Records, selector: Selector): AsyncGenerator<readonly Reading[]> {
  if (selector.agentIds) {
    const stored = await records.agents([...new Set(selector.agentIds)]);
    yield stored.map(readRecord).filter(reading => isTarget(selector, reading));
    return;
  }
  const handled = new Set<string>();
  for (let round = 0, found = 1; round < 2 || found > 0; round++) {
    if (round === MAX_PASSES) {
      throw new KillswitchError('conflict', 'New agents kept appearing; engage the latch');
    }
    found = 0;
    for await (const page of records.scan(round === 0 ? 'active' : 'all')) {
      const targets = page.map(readRecord).filter(reading => isTarget(selector, reading));
      // A scan may give one agent twice, even in one page.
      const fresh = targets.filter(reading => !handled.has(idOf(reading)) && handled.add(idOf(reading)));
      found += fresh.length;
      yield fresh;
    }
  }
}

const isTarget = (selector: Selector, reading: Reading): boolean =>
  reading.kind === 'agent'
    ? isActive(reading.agent.status) && matches(selector, reading.agent)
    : mayBeSelected(selector, reading.agentId);

const startOf = (reading: Reading): number | undefined =>
  reading.kind === 'agent' ? Date.parse(reading.agent.startedAt ?? '') : undefined;

/** A command that is resumed reaches no agent that was started after it was given. @param startedAt epoch ms */
export const isLater = ({ requestedAt }: KillAllCommand, startedAt: number | undefined): boolean =>
  requestedAt !== undefined && startedAt !== undefined && startedAt > Date.parse(requestedAt);

/** It is said to have ended by itself, and this very command had stopped it before. */
export const endedByStop = ({ agentId, status }: Agent, { wereActive }: Command): boolean =>
  (status === 'completed' || status === 'failed') && wereActive?.includes(agentId) === true;
