import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import * as z from 'zod';
import { agentIdSchema } from '../lib/agent.js';
import type { AuditEntry } from '../lib/audit.js';
import { present } from '../lib/present.js';
import { readTrail } from '../lib/trail.js';
import { runAlone } from './alone.js';
import type { Env, KillswitchFunction } from './function.js';
import { authenticated, query } from './request.js';

const NDJSON = 'application/x-ndjson';
const MOST = 1000;

export const auditQuery = z.strictObject({
  since: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-22T10:00:00Z' }).optional(),
  agentId: agentIdSchema.optional(),
  operationId: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(MOST).optional(),
  /** A position of the store: digits, or two groups of them. */
  after: z
    .string()
    .regex(/^(\d{1,20}(-\d{1,20})?)?$/, 'must be a cursor that was answered before')
    .optional(),
});

/**
 * `GET /audit`: oldest first. As JSON at most 1,000 entries (100 if no limit is given) with a `cursor` for what comes
 * later; as NDJSON, where that is asked for, all of them, one a line.
 */
export const audit: KillswitchFunction = {
  name: 'audit',
  routes: deps =>
    new Hono<Env>().get('/audit', authenticated(deps), query(auditQuery), async c => {
      const asked = present(c.req.valid('query'));
      const wantsLines = c.req.header('accept')?.includes(NDJSON) ?? false;
      const limit = asked.limit ?? 100;
      const trail = await readTrail(deps.core, c.get('actor'), wantsLines ? asked : { ...asked, limit });
      if (!wantsLines) {
        const entries: AuditEntry[] = [];
        for await (const entry of trail.entries) entries.push(entry);
        return c.json({ entries, cursor: trail.cursor() });
      }
      // The first one is read before the answer begins, so that a store that is down is told by the status.
      const entries = trail.entries[Symbol.asyncIterator]();
      let next = await entries.next();
      c.header('content-type', NDJSON);
      c.header('x-audit-cursor', trail.cursor());
      return stream(c, async out => {
        for (; !next.done && !out.aborted && !deps.closing.aborted; next = await entries.next()) {
          await out.write(`${JSON.stringify(next.value)}\n`);
        }
      });
    }),
};

await runAlone(audit);
