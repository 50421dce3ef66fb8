import { type Failure, type Receiver, SEND_WITHIN } from '../../lib/notify/receiver.js';
import type { Clock } from '../../lib/ports/runtime.js';
import { renderers } from './render.js';
import type { TargetSettings } from './settings.js';

interface HttpParts {
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Pick<Clock, 'now'>;
}

/** Statuses that refuse this message; any other failure is of the target, or of how it is set up. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);
/** Milliseconds. */
const MAX_RETRY_AFTER = 10 * 60_000;

function failureOf({ status, headers }: Response): Failure | undefined {
  if (status >= 200 && status < 300) return undefined;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return {
    problem: `it answered with status ${status}`,
    refused: REFUSALS.has(status),
    ...(seconds > 0 && { retryAfterMs: Math.min(seconds * 1_000, MAX_RETRY_AFTER) }),
  };
}

/** A receiver over HTTP. A {@link Failure} contains neither the URL nor the message of an error, which may contain it. */
export function httpReceiver(target: TargetSettings, { fetch, clock }: HttpParts): Receiver {
  const { name, url, kind, events } = target;
  return {
    name,
    events: new Set(events),
    summary: kind !== 'webhook',
    async send(message, closing) {
      const { headers, body } = await renderers[kind](message, target, clock.now());
      const deadline = AbortSignal.timeout(SEND_WITHIN);
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'killswitch' },
          body,
          // The target of a redirect must not get what is meant for this one.
          redirect: 'manual',
          signal: AbortSignal.any([closing, deadline]),
        });
        await response.body?.cancel();
        return failureOf(response);
      } catch {
        const timeout = `it did not answer within ${SEND_WITHIN / 1_000} s`;
        return { problem: deadline.aborted ? timeout : 'it cannot be reached' };
      }
    },
  };
}
