import type { Health } from '../../ports/runtime.js';
import { countUnread, type ProcessTable } from './table.js';
import { MEND, unreadable } from './words.js';

/**
 * Says how much of this host can be seen. Where a process may not be read, an agent among those would neither be seen
 * nor stopped; what can be seen is stopped all the same, hence `aside`.
 */
export async function probe(table: ProcessTable): Promise<Health> {
  try {
    // Only new ones are read: this may be asked often.
    const unread = countUnread(await table.snapshot(new Set()));
    const blind = [table.concealed(), unread > 0 ? unreadable(unread) : undefined].filter(Boolean);
    if (blind.length === 0) return { name: 'process', ok: true, detail: table.name };
    const detail = `${[table.name, ...blind].join('; ')}; an agent among them is neither seen nor stopped: ${MEND}`;
    return { name: 'process', ok: false, aside: true, detail };
  } catch {
    return { name: 'process', ok: false, detail: 'the process table cannot be read' };
  }
}
