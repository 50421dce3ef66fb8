import type { Context } from 'hono';
import { type AuditEntry, by } from '../../lib/domain/audit-entry.js';
import { type Core, timestamp } from '../../lib/ports/core.js';
import { present } from '../../lib/util/omit-undefined.js';
import type { Env } from './function.js';

/** Entries a minute, so that a flood of refusals cannot drown the audit. */
const MOST = 30;
const MINUTE = 60_000;
const MAX_REQUEST = 200;

interface Window {
  since: number;
  written: number;
  leftOut: number;
}

/** Of each core there is one a process, however many apps are made of it. */
const windows = new WeakMap<Core, Window>();

/** Whether there is room for one more, and how many had none since the last one that had. */
function admit(core: Core): { readonly leftOut: number } | undefined {
  const now = core.clock.monotonic();
  const window = windows.get(core) ?? { since: now, written: 0, leftOut: 0 };
  windows.set(core, window);
  if (now - window.since >= MINUTE) {
    window.since = now;
    window.written = 0;
  }
  if (window.written >= MOST) {
    window.leftOut++;
    return undefined;
  }
  const { leftOut } = window;
  window.written++;
  window.leftOut = 0;
  return { leftOut };
}

/**
 * Audits that somebody who is known was refused. The answer does not wait for it, nor fail with it.
 * `total` is the number of refusals before this one that were left out, where there were any.
 */
export function auditDenial(core: Core, c: Context<Env>): void {
  // Absent where the credential itself was refused: then nobody knows who it was.
  const actor: Env['Variables']['actor'] | undefined = c.get('actor');
  if (!actor) return;
  const admitted = admit(core);
  if (!admitted) return;
  const entry = present<AuditEntry>({
    timestamp: timestamp(core),
    operation: 'ACCESS_DENIED',
    phase: 'refused',
    requestId: c.get('requestId'),
    ...by(actor),
    reason: `${c.req.method} ${c.req.path}`.slice(0, MAX_REQUEST),
    total: admitted.leftOut || undefined,
  });
  core.log.warn(entry, 'refused');
  core.audit.append([entry]).catch((error: unknown) => {
    core.log.error({ err: error, requestId: entry.requestId }, 'a refusal was not audited');
  });
}
