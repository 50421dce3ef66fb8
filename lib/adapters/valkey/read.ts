import type { Records, StoredAgent } from '../../ports/records.js';
import { chunks } from '../../util/chunks.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';

const KEYS_PER_EXCHANGE = 1_000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The exact text of the bytes, which encodes to the same bytes again; `undefined`: not UTF-8. */
function decode(bytes: Buffer | null): string | null | undefined {
  if (bytes === null) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

export function createReader(
  link: Link,
  keys: Keyspace,
): Pick<Records, 'read' | 'agents' | 'tombstoned' | 'debts'> {
  /** Which keys hold another type: MGET answers null for those, too, not only for absent ones. */
  async function foreignAmong(names: readonly string[]): Promise<ReadonlySet<string>> {
    if (names.length === 0) return new Set();
    const types = await link.call(client => Promise.all(names.map(name => client.type(name))));
    // A string now was absent when it was read.
    return new Set(names.filter((_, index) => types[index] !== 'none' && types[index] !== 'string'));
  }

  const absentIn = (names: readonly string[], values: readonly (Buffer | null)[]): readonly string[] =>
    names.filter((_, index) => (values[index] ?? null) === null);

  async function pageOfAgents(agentIds: readonly string[]): Promise<StoredAgent[]> {
    const documents = agentIds.map(id => keys.document({ kind: 'agent', id }));
    const [marks, records] = await link.call(client =>
      Promise.all([client.hmget(keys.tombstones, ...agentIds), client.mgetBuffer(documents)]),
    );
    const foreign = await foreignAmong(absentIn(documents, records));
    return agentIds.flatMap((agentId, index): StoredAgent[] => {
      const raw = decode(records[index] ?? null);
      const tombstoned = marks[index] !== null;
      if (raw !== null) return [{ agentId, raw, tombstoned }];
      return foreign.has(documents[index] ?? '')
        ? [{ agentId, raw: undefined, isForeign: true, tombstoned }]
        : [];
    });
  }

  return {
    async read(documents) {
      const texts: (string | null | undefined)[] = [];
      for (const part of chunks(documents, KEYS_PER_EXCHANGE)) {
        const names = part.map(document => keys.document(document));
        const values = await link.call(client => client.mgetBuffer(names));
        const foreign = await foreignAmong(absentIn(names, values));
        for (const [index, bytes] of values.entries()) {
          texts.push(foreign.has(names[index] ?? '') ? undefined : decode(bytes));
        }
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
