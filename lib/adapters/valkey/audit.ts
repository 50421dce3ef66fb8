import type { AuditLog, AuditPlace } from '../../ports/audit.js';
import { searchAll } from '../../ports/audit.js';
import { framed } from '../../util/crypto.js';
import { createSearch, parse } from './audit-search.js';
import type { Committer } from './commit.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';

function placeOf([id, fields]: readonly [id: Uint8Array, fields: readonly Uint8Array[]]): AuditPlace {
  const entry = parse(fields.map(String));
  return { position: String(id), ...(entry && { entry }), bytes: framed(fields) };
}

export function createAudit(link: Link, keys: Keyspace, append: Committer['append']): AuditLog {
  const search = createSearch(link, keys);
  return {
    append,
    search,
    query: query => searchAll(search, query),
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
