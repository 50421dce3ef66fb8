import { Hono } from 'hono';
import { readTrail, streamTrail } from '../lib/audit/read.js';
import { auditQuery } from '../lib/client/queries.js';
import type { AuditEntry } from '../lib/domain/audit-entry.js';
import { utf8 } from '../lib/util/crypto.js';
import { omitUndefined } from '../lib/util/omit-undefined.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { query } from './http/validate.js';
import { runAlone } from './server/run-alone.js';

const NDJSON = 'application/x-ndjson';
/** One entry a line. If reading fails the stream errors instead of ending, so that a part does not look complete. */
function linesOf(entries: AsyncIterator<AuditEntry>, closing: AbortSignal): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      if (closing.aborted) throw new Error('The server is shutting down.');
      const next = await entries.next();
      if (next.done) controller.close();
      else controller.enqueue(utf8(`${JSON.stringify(next.value)}\n`));
    },
    async cancel() {
      await entries.return?.();
    },
  });
}

/** The same entries. The first is read before the answer starts, so that the status shows a store that is down. */
async function begun(entries: AsyncIterable<AuditEntry>): Promise<AsyncIterator<AuditEntry>> {
  const all = entries[Symbol.asyncIterator]();
  let first: IteratorResult<AuditEntry> | undefined = await all.next();
  return {
    async next() {
      const next = first ?? (await all.next());
      first = undefined;
      return next;
    },
    return: async () => (await all.return?.()) ?? { done: true, value: undefined },
  };
}

async function* listed(entries: readonly AuditEntry[]): AsyncGenerator<AuditEntry> {
  yield* entries;
}

/**
 * `GET /audit`, in the order of the commits. As JSON at most 1,000 entries (100 if no limit is given), with a `cursor`
 * for the entries after the last one; as NDJSON, if `accept` asks for it, all entries, one a line, with the cursor in
 * `x-audit-cursor`.
 */
export const audit: KillswitchFunction = {
  name: 'audit',
  routes: deps =>
    new Hono<Env>().get('/audit', authenticated(deps), query(auditQuery), async c => {
      const { limit, ...asked } = omitUndefined(c.req.valid('query'));
      const actor = c.get('actor');
      const wantsLines = c.req.header('accept')?.includes(NDJSON) ?? false;
      if (!wantsLines) return c.json(await readTrail(deps.core, actor, { ...asked, limit: limit ?? 100 }));
      const { entries, cursor } =
        limit === undefined
          ? await streamTrail(deps.core, actor, asked)
          : await readTrail(deps.core, actor, { ...asked, limit });
      const lines = linesOf(await begun('length' in entries ? listed(entries) : entries), deps.closing);
      return c.body(lines, 200, { 'content-type': NDJSON, 'x-audit-cursor': cursor });
    }),
};

await runAlone(audit);
