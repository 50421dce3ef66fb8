import { Cluster, type Redis } from 'ioredis';
import { AGENT_ID } from '../../domain/agent.js';
import type { Records } from '../../ports/records.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';

const PER_EXCHANGE = 1_000;
/** Agents of a page: few enough that their garbage stays short-lived. */
const PAGE = 250;

type CursorPage = readonly [cursor: string, found: string[]];

/** Follows a cursor until it is back at its start. The server may return the same item more than once. */
async function* follow(next: (cursor: string) => Promise<CursorPage>): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [following, found] = await next(cursor);
    yield found;
    cursor = following;
  } while (cursor !== '0');
}

/** Regroups chunks of any size into pages without repetitions. */
async function* inPages(source: AsyncIterable<readonly string[]>): AsyncGenerator<string[]> {
  let page = new Set<string>();
  for await (const found of source) {
    for (const id of found) {
      page.add(id);
      if (page.size < PAGE) continue;
      yield [...page];
      page = new Set();
    }
  }
  if (page.size > 0) yield [...page];
}

/** The IDs of all records, in chunks; a record that exists throughout is found, once or more. */
export function createEveryId(link: Link, keys: Keyspace): () => AsyncIterable<readonly string[]> {
  return async function* everyId() {
    const nodes = await link.call(async (client): Promise<readonly (Redis | undefined)[]> => {
      if (!(client instanceof Cluster)) return [undefined];
      // A call to the master of our slot makes it known to the client: otherwise everything would look empty.
      await client.exists(keys.latch);
      return client.nodes('master');
    });
    for (const node of nodes) {
      const found = follow(cursor =>
        link.call(client =>
          (node ?? (client as Redis)).scan(cursor, 'MATCH', keys.agents, 'COUNT', PER_EXCHANGE),
        ),
      );
      for await (const names of found) yield names.map(keys.agentOf).filter(id => AGENT_ID.test(id));
    }
  };
}

/**
 * Scans agents. One that exists throughout is found; one that is added or removed meanwhile may be. An agent may appear
 * again on a later page.
 */
export function createScan(link: Link, keys: Keyspace, agents: Records['agents']): Records['scan'] {
  const everyId = createEveryId(link, keys);
  const indexed = (): AsyncIterable<string[]> =>
    follow(cursor => link.call(client => client.sscan(keys.active, cursor, 'COUNT', PER_EXCHANGE)));

  return async function* scan(scope) {
    for await (const ids of inPages(scope === 'active' ? indexed() : everyId())) {
      const page = await agents(ids.filter(id => AGENT_ID.test(id)));
      if (page.length > 0) yield page;
    }
  };
}
