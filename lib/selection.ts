import { covers, narrow, outside } from './authorize.js';
import type { Command } from './command.js';
import { endedByStop } from './commit.js';
import type { Core } from './core.js';
import { type Reading, readRecord } from './record.js';
import { select } from './select.js';

/** Who is to be stopped, page by page; an empty page for one agent: it has no record. */
export async function* selection(core: Core, command: Command): AsyncGenerator<readonly Reading[]> {
  const { within } = command.actor;
  if (command.type === 'kill-all') {
    for await (const page of select(core.records, narrow(command.selector, within))) {
      yield page.filter(reading => !isLater(command, reading));
    }
    if (command.wereActive) {
      const stored = await core.records.agents(command.wereActive);
      yield stored.map(readRecord).filter(one => one.kind === 'agent' && endedByStop(one.agent, command));
    }
    return;
  }
  const readings = (await core.records.agents([command.agentId])).map(readRecord);
  // Whose an unreadable record is nobody can tell: it lies outside of what is narrowed to a task or host.
  if (readings.some(reading => !covers(within, reading.kind === 'agent' ? reading.agent : reading))) {
    throw outside();
  }
  yield readings;
}

/** A command that is carried on with reaches no agent that was started after it was given. */
function isLater({ requestedAt }: Command, reading: Reading): boolean {
  const startedAt = reading.kind === 'agent' ? Date.parse(reading.agent.startedAt ?? '') : Number.NaN;
  return requestedAt !== undefined && startedAt > Date.parse(requestedAt);
}
