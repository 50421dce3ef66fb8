import type { AuditEntry } from '../../audit.js';
import type { AuditLog, AuditPlace, AuditQuery } from '../../ports.js';
import { framed } from '../../signature.js';
import type { Committer } from './commit.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';

const PAGE = 500;

/** By how much a node's clock, which stamps the entries, may be ahead of the server's, which numbers them. */
const CLOCK_SKEW_MS = 86_400_000;

/** The entry of one element of the stream; `undefined` for what is not ours. */
function parse(fields: readonly string[]): AuditEntry | undefined {
  const text = fields[0] === 'entry' ? fields[1] : undefined;
  try {
    return text === undefined ? undefined : (JSON.parse(text) as AuditEntry);
  } catch {
    return undefined;
  }
}

function placeOf([id, fields]: readonly [id: Uint8Array, fields: readonly Uint8Array[]]): AuditPlace {
  const entry = parse(fields.map(String));
  return { position: String(id), ...(entry && { entry }), bytes: framed(fields) };
}

function matches(entry: AuditEntry, { since, agentId, operationId }: AuditQuery): boolean {
  return (
    (agentId === undefined || entry.agentId === agentId) &&
    (operationId === undefined || entry.operationId === operationId) &&
    (since === undefined || Date.parse(entry.timestamp) >= Date.parse(since))
  );
}

export function openAudit(link: Link, keys: Keyspace, append: Committer['append']): AuditLog {
  return {
    append,
    async *query(query) {
      const { since, limit = Number.POSITIVE_INFINITY } = query;
      let from = since === undefined ? '-' : `${Math.max(0, Date.parse(since) - CLOCK_SKEW_MS)}`;
      let left = limit;
      while (left > 0) {
        const page = await link.call(client => client.xrange(keys.audit, from, '+', 'COUNT', PAGE));
        for (const [id, fields] of page) {
          from = `(${id}`;
          const entry = parse(fields);
          if (entry === undefined || !matches(entry, query)) continue;
          yield entry;
          left -= 1;
          if (left === 0) return;
        }
        if (page.length < PAGE) return;
      }
    },
    async after(position, limit, upTo = '+') {
      const from = position === '' ? '-' : `(${position}`;
      const page = await link.call(client => client.xrangeBuffer(keys.audit, from, upTo, 'COUNT', limit));
      return page.map(placeOf);
    },
    async last() {
      const page = await link.call(client => client.xrevrange(keys.audit, '+', '-', 'COUNT', 1));
      return page[0]?.[0] ?? '';
    },
  };
}
