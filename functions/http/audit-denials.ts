import type { Actor } from '../../lib/domain/actor.js';
import { type AuditEntry, by } from '../../lib/domain/audit-entry.js';
import { type Core, timestamp } from '../../lib/ports/core.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';

/** Entries a minute, so that a flood of refusals cannot fill the audit. */
const MOST = 30;
const MINUTE = 60_000;
const MAX_REQUEST = 200;

/** A request that was not carried out. */
export interface FailedRequest {
  /** Absent if the credential was refused: then the caller is not known. */
  readonly actor?: Actor | undefined;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
}

interface Window {
  since: number;
  written: number;
  leftOut: number;
}

/** By core, so that all apps of one core share a window. */
const windows = new WeakMap<Core, Window>();

/** Admits one entry, unless the window is full. @returns how many were left out since the last admitted one */
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
 * Audits that a known actor was refused. The answer neither waits for the audit nor fails with it. `total` is the number
 * of refusals left out before this one, if any.
 */
export function auditDenial(core: Core, { actor, requestId, method, path }: FailedRequest): void {
  if (!actor) return;
  const admitted = admit(core);
  if (!admitted) return;
  const entry = omitUndefined<AuditEntry>({
    timestamp: timestamp(core),
    operation: 'ACCESS_DENIED',
    phase: 'refused',
    requestId,
    ...by(actor),
    reason: `${method} ${path}`.slice(0, MAX_REQUEST),
    total: admitted.leftOut || undefined,
  });
  core.log.warn(entry, 'refused');
  core.audit.append([entry]).catch((error: unknown) => {
    core.log.error({ err: error, requestId }, 'a refusal was not audited');
  });
}
