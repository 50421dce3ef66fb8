import { isActive } from '../domain/agent.js';
import { KillswitchError } from '../domain/errors.js';
import { idOf, type Reading, readRecord } from '../domain/record.js';
import { matches, mayBeSelected, type Selector } from '../domain/selector.js';
import type { Records } from '../ports/records.js';

const isTarget = (selector: Selector, reading: Reading): boolean =>
  reading.kind === 'agent'
    ? isActive(reading.agent.status) && matches(selector, reading.agent)
    : mayBeSelected(selector, reading.agentId);

/** A kill-all that finds new agents in every pass is up against somebody who starts them without end. */
const MAX_PASSES = 16;

async function* pass(
  records: Records,
  selector: Selector,
  scope: 'active' | 'all',
): AsyncGenerator<readonly Reading[]> {
  for await (const page of records.scan(scope)) {
    yield page.map(readRecord).filter(reading => isTarget(selector, reading));
  }
}

/**
 * The agents to stop, page by page, each once: first through the index, which is fast, then through every record,
 * which also finds those that other programs wrote, and so again until a pass finds nothing new: an agent that was
 * being started meanwhile is caught too.
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
    if (round === MAX_PASSES)
      throw new KillswitchError('conflict', 'New agents kept appearing; engage the latch');
    found = 0;
    for await (const page of pass(records, selector, round === 0 ? 'active' : 'all')) {
      // A scan may give one agent twice, even in one page.
      const fresh = page.filter(reading => !handled.has(idOf(reading)) && handled.add(idOf(reading)));
      found += fresh.length;
      yield fresh;
    }
  }
}
