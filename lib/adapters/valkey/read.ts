import type { Records, StoredAgent } from '../../ports.js';
import { chunks } from './chunks.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';

const KEYS_PER_EXCHANGE = 1_000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The exact text of the bytes, so that encoding it again gives the same ones; `undefined`: they are no UTF-8. */
function decode(bytes: Buffer | null): string | null | undefined {
  if (bytes === null) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** MGET answers null for a value of another type: it counts as absent. */
export function openReader(
  link: Link,
  keys: Keyspace,
): Pick<Records, 'read' | 'agents' | 'tombstoned' | 'debts'> {
  async function pageOfAgents(agentIds: readonly string[]): Promise<StoredAgent[]> {
    const documents = agentIds.map(id => keys.document({ kind: 'agent', id }));
    const [marks, records] = await link.call(client =>
      Promise.all([client.hmget(keys.tombstones, ...agentIds), client.mgetBuffer(documents)]),
    );
    return agentIds.flatMap((agentId, index) => {
      const raw = decode(records[index] ?? null);
      return raw === null ? [] : [{ agentId, raw, tombstoned: marks[index] !== null }];
    });
  }

  return {
    async read(documents) {
      const texts: (string | null | undefined)[] = [];
      for (const part of chunks(documents, KEYS_PER_EXCHANGE)) {
        const names = part.map(document => keys.document(document));
        for (const bytes of await link.call(client => client.mgetBuffer(names))) texts.push(decode(bytes));
      }
      return texts;
    },
    async agents(agentIds) {
      const found: StoredAgent[] = [];
      for (const part of chunks(agentIds, KEYS_PER_EXCHANGE)) found.push(...(await pageOfAgents(part)));
      return found;
    },
    async tombstoned(agentIds) {
      const answers: boolean[] = [];
      for (const part of chunks(agentIds, KEYS_PER_EXCHANGE)) {
        const marks = await link.call(client => client.hmget(keys.tombstones, ...part));
        for (const mark of marks) answers.push(mark !== null);
      }
      return answers;
    },
    debts: (host, before, limit) =>
      link.call(client => client.zrangebyscore(keys.debts(host), '-inf', before, 'LIMIT', 0, limit)),
  };
}
