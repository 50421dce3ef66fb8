import type { Log } from '../../lib/ports/runtime.js';
import type { Reply } from './reply.js';
import type { Wait } from './wait.js';

/** Sends the news of a command after its first answer: edits the message, or posts a new one. Neither rejects. */
export interface MessageUpdates {
  /** Left out if it equals the last one, or if only the calls that {@link MessageUpdates.last} needs are left. */
  progress(reply: Reply): Promise<void>;
  /** Retried if it fails, because people act on it. */
  last(reply: Reply): Promise<void>;
}

/** Milliseconds: an edit before the first answer finds no message, or is overwritten by it. */
const AFTER_FIRST_ANSWER = 400;
/** Milliseconds. */
const RETRIES = [500, 2_000, 5_000];

/**
 * @param send resolves with whether the platform accepted it; may reject
 * @param most how many are sent before the last one
 */
export function createMessageUpdates(
  send: (reply: Reply) => Promise<boolean>,
  { wait, log, most }: { readonly wait: Wait; readonly log: Log; readonly most: number },
): MessageUpdates {
  let sent = 0;
  let before = '';
  let sending: Promise<unknown> = Promise.resolve();
  /** One at a time, so that none overtakes an older one. */
  const attempt = (reply: Reply): Promise<boolean> => {
    const isFirst = sent++ === 0;
    const mine = sending.then(async () => {
      if (isFirst) await wait(AFTER_FIRST_ANSWER);
      return trySend(reply);
    });
    sending = mine;
    return mine;
  };
  const trySend = async (reply: Reply): Promise<boolean> => {
    try {
      return await send(reply);
    } catch (error) {
      // The error may contain the URL, which is a credential.
      log.info({ error: error instanceof Error ? error.name : 'unknown' }, 'the chat could not be reached');
      return false;
    }
  };
  return {
    async progress(reply) {
      const now = JSON.stringify(reply);
      if (sent >= most || now === before) return;
      before = now;
      await attempt(reply);
    },
    async last(reply) {
      for (const pause of [...RETRIES, undefined]) {
        if (await attempt(reply)) return;
        if (pause !== undefined) await wait(pause);
      }
      log.error({ headline: reply.headline }, 'the result of a chat command could not be sent to the chat');
    },
  };
}

/** For a request without a URL that answers may be sent to. */
export const noMessageUpdates = (log: Log): MessageUpdates => ({
  progress: async () => undefined,
  last: async ({ headline }) =>
    log.warn({ headline }, 'a chat command named no URL that its result may be sent to'),
});

/** Milliseconds. */
const SEND_WITHIN = 5_000;

/** @returns whether it was accepted. Follows no redirect, which would choose where this process sends messages. */
export async function sendJson(
  fetch: typeof globalThis.fetch,
  url: string,
  method: 'POST' | 'PATCH',
  message: object,
): Promise<boolean> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
    redirect: 'manual',
    signal: AbortSignal.timeout(SEND_WITHIN),
  });
  await response.body?.cancel();
  return response.ok;
}
