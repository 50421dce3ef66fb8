import type { AuditEntry } from '../../audit.js';
import { searchAll } from '../../audit-log.js';
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
  const last = async (): Promise<string> => {
    const page = await link.call(client => client.xrevrange(keys.audit, '+', '-', 'COUNT', 1));
    return page[0]?.[0] ?? '';
  };

  /** Reads through the stream until the page is full. */
  const search: AuditLog['search'] = async (query, after, limit) => {
    const { since } = query;
    const start = since === undefined ? '-' : `${Math.max(0, Date.parse(since) - CLOCK_SKEW_MS)}`;
    let position = after;
    const found: { position: string; entry: AuditEntry }[] = [];
    for (;;) {
      const from = position === '' ? start : `(${position}`;
      const page = await link.call(client => client.xrange(keys.audit, from, '+', 'COUNT', PAGE));
      for (const [id, fields] of page) {
        position = id;
        const entry = parse(fields);
        if (entry === undefined || !matches(entry, query)) continue;
        if (found.push({ position, entry }) === limit) return { found, position, more: true };
      }
      if (page.length < PAGE) return { found, position: position || (await last()), more: false };
    }
  };

  return {
    append,
    query: query => searchAll(search, query),
    search,
    async after(position, limit, upTo = '+') {
      const from = position === '' ? '-' : `(${position}`;
      const page = await link.call(client => client.xrangeBuffer(keys.audit, from, upTo, 'COUNT', limit));
      return page.map(placeOf);
    },
    last,
  };
}
