import type { Records } from '../../ports/records.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';
import { createEveryId } from './scan.js';
import { loadScript } from './script.js';

/**
 * Pages of agents by ID, from a sorted index that commits maintain. Records that other programs wrote are missing there, so
 * the first page of a listing first scans the names of all keys and adds them. An agent that exists throughout is then in
 * the index, and on one of the pages.
 */
export function createPage(link: Link, keys: Keyspace, agents: Records['agents']): Records['page'] {
  const everyId = createEveryId(link, keys);
  const forget = loadScript(new URL('./lua/forget.lua', import.meta.url), { allowOom: true });
  let isComplete = false;

  async function complete(): Promise<void> {
    for await (const ids of everyId()) {
      if (ids.length === 0) continue;
      const scores = await link.call(client => client.zmscore(keys.known, ...ids));
      const missing = ids.filter((_, index) => scores[index] === null).flatMap(id => [0, id]);
      if (missing.length > 0) await link.call(client => client.zadd(keys.known, 'NX', ...missing));
    }
    isComplete = true;
  }

  /** Removes records that other programs deleted from the index. If that fails, they are skipped again next time. */
  const drop = (gone: readonly string[]): Promise<unknown> =>
    link
      .call(client =>
        forget(client, [
          { keys: [keys.known, ...gone.map(id => keys.document({ kind: 'agent', id }))], args: gone },
        ]),
      )
      .catch(() => undefined);

  const completing = oneAfterAnother(complete);

  return async (after, limit) => {
    // The first page may have been read by another process, or by an older version.
    if (after === '' || !isComplete) await completing();
    const from = after === '' ? '-' : `(${after}`;
    const ids = await link.call(client => client.zrangebylex(keys.known, from, '+', 'LIMIT', 0, limit));
    const found = await agents(ids);
    const present = new Set(found.map(({ agentId }) => agentId));
    const gone = ids.filter(id => !present.has(id));
    if (gone.length > 0) await drop(gone);
    const next = ids.length === limit ? ids.at(-1) : undefined;
    return { agents: found, ...(next !== undefined && { next }) };
  };
}

/** Single flight: calls during a run share the next one, as the current one began too early for them. */
function oneAfterAnother(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let following: Promise<void> | undefined;
  const start = (): Promise<void> => {
    following = undefined;
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (!running) return start();
    following ??= running.then(start, start);
    return following;
  };
}
