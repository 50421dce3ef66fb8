import { covers, narrow, outside } from './authorize.js';
import type { Command } from './command.js';
import type { Core } from './core.js';
import { unknownAgent } from './errors.js';
import { idOf, type Reading, readRecord } from './record.js';
import { select } from './select.js';

/**
 * The agents that a command is for, page by page, each once.
 * @throws KillswitchError `forbidden`; `agent_not_found` for one agent; `store_unavailable`
 */
export async function* selection(core: Core, command: Command): AsyncGenerator<readonly Reading[]> {
  const { within } = command.actor;
  if (command.type === 'kill-all') {
    const handled = new Set<string>();
    for await (const page of select(core.records, narrow(command.selector, within))) {
      // A scan may give one agent twice, even in one page.
      yield page.filter(reading => !handled.has(idOf(reading)) && handled.add(idOf(reading)));
    }
    return;
  }
  const readings = (await core.records.agents([command.agentId])).map(readRecord);
  if (readings.length === 0) throw unknownAgent(command.agentId);
  // Whose an unreadable record is nobody can tell: it lies outside of what is narrowed to a task or host.
  if (readings.some(reading => !covers(within, reading.kind === 'agent' ? reading.agent : reading))) {
    throw outside();
  }
  yield readings;
}
