import { KillswitchError } from '../../lib/domain/errors.js';
import type { Core } from '../../lib/ports/core.js';
import type { Log } from '../../lib/ports/runtime.js';
import { auditDenial, type FailedRequest } from './audit-denials.js';

/** Logs errors of this program, and audits that a known actor was refused. At the edge there is no core. */
export function reportFailure(
  { core, log }: { readonly core?: Core | undefined; readonly log: Log },
  error: unknown,
  request: FailedRequest,
): void {
  const known = error instanceof KillswitchError;
  if (!known || error.status >= 500) {
    log.error({ err: error, requestId: request.requestId }, 'request failed');
  }
  if (core && known && error.code === 'forbidden') auditDenial(core, request);
}
