import { covers, narrow, outside } from '../domain/authorize.js';
import type { KillAllCommand, KillCommand } from '../domain/command.js';
import { type Reading, readRecord } from '../domain/record.js';
import type { Core } from '../ports/core.js';
import { endedByStop } from './mark-killed.js';
import { select } from './select.js';

/** The active agents that a kill-all is for, page by page. */
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
 * The record of the one agent; `undefined`: it has none.
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function selectOne(core: Core, { agentId, actor }: KillCommand): Promise<Reading | undefined> {
  const [stored] = await core.records.agents([agentId]);
  const reading = stored && readRecord(stored);
  // An unreadable record does not say whose it is: it lies outside of what is narrowed to a task or host.
  if (reading && !covers(actor.within, reading.kind === 'agent' ? reading.agent : reading)) throw outside();
  return reading;
}

const startOf = (reading: Reading): number | undefined =>
  reading.kind === 'agent' ? Date.parse(reading.agent.startedAt ?? '') : undefined;

/** A command that is carried on with reaches no agent that was started after it was given. */
export const isLater = ({ requestedAt }: KillAllCommand, startedAt: number | undefined): boolean =>
  requestedAt !== undefined && startedAt !== undefined && startedAt > Date.parse(requestedAt);
