import { type Failure, type Receiver, SEND_WITHIN } from '../../lib/notify/receiver.js';
import type { Clock } from '../../lib/ports/runtime.js';
import { renderers } from './render.js';
import type { TargetSettings } from './settings.js';

interface Means {
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Pick<Clock, 'now'>;
}

/** What is wrong with the message itself; everything else is wrong with the target, or how it is set up. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);
const LONGEST_WAIT = 10 * 60_000;

function failureOf({ status, headers }: Response): Failure | undefined {
  if (status >= 200 && status < 300) return undefined;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return {
    problem: `it answered with status ${status}`,
    refused: REFUSALS.has(status),
    ...(seconds > 0 && { retryAfterMs: Math.min(seconds * 1_000, LONGEST_WAIT) }),
  };
}

/** One who is told by HTTP. Neither the URL nor what a driver says of it gets into a {@link Failure}. */
export function httpReceiver(target: TargetSettings, { fetch, clock }: Means): Receiver {
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
          // Whoever answers with another address must not get what is meant for this one.
          redirect: 'manual',
          signal: AbortSignal.any([closing, deadline]),
        });
        await response.body?.cancel();
        return failureOf(response);
      } catch {
        const silence = `it did not answer within ${SEND_WITHIN / 1_000} s`;
        return { problem: deadline.aborted ? silence : 'it cannot be reached' };
      }
    },
  };
}
