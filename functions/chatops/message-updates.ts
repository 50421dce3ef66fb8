import type { Log } from '../../lib/ports/runtime.js';
import type { Wait } from './poll-operation.js';
import type { Reply } from './reply.js';

/** Where the news of an order goes after its first answer. Neither rejects. */
export interface Edits {
  /** Left out if it says nothing new, and once the allowance is used up, but for what {@link Edits.last} needs. */
  progress(reply: Reply): Promise<void>;
  /** Tried again if it fails: it is what people will believe. */
  last(reply: Reply): Promise<void>;
}

/** Milliseconds: an edit that overtakes the first answer finds nothing to edit, or is overwritten by it. */
const ANSWER_FIRST = 400;
const RETRIES = [500, 2_000, 5_000];

/**
 * @param send resolves with whether the platform took it; may reject
 * @param most how many are sent before the last one
 */
export function openEdits(
  send: (reply: Reply) => Promise<boolean>,
  { wait, log, most }: { readonly wait: Wait; readonly log: Log; readonly most: number },
): Edits {
  let sent = 0;
  let before = '';
  let sending: Promise<unknown> = Promise.resolve();
  /** One after another: none may overtake an older one. */
  const attempt = (reply: Reply): Promise<boolean> => {
    const isFirst = sent++ === 0;
    const mine = sending.then(async () => {
      if (isFirst) await wait(ANSWER_FIRST);
      return reached(reply);
    });
    sending = mine;
    return mine;
  };
  const reached = async (reply: Reply): Promise<boolean> => {
    try {
      return await send(reply);
    } catch (error) {
      // Its URL is a credential: only the name of the error is told.
      log.info({ error: error instanceof Error ? error.name : 'unknown' }, 'the chat could not be reached');
      return false;
    }
  };
  return {
    async progress(reply) {
      const told = JSON.stringify(reply);
      if (sent >= most || told === before) return;
      before = told;
      await attempt(reply);
    },
    async last(reply) {
      for (const pause of [...RETRIES, undefined]) {
        if (await attempt(reply)) return;
        if (pause !== undefined) await wait(pause);
      }
      log.error({ headline: reply.headline }, 'a chat was not told how its order ended');
    },
  };
}

/** For an order that came without a way to tell more. */
export const nowhere = (log: Log): Edits => ({
  progress: async () => undefined,
  last: async ({ headline }) =>
    log.warn({ headline }, 'an order from a chat left no way to tell how it ended'),
});

/** Milliseconds for one message to get there. */
const REACHED_WITHIN = 5_000;

/** @returns whether it was taken. A redirect is not followed: it would choose whom this process talks to. */
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
    signal: AbortSignal.timeout(REACHED_WITHIN),
  });
  await response.body?.cancel();
  return response.ok;
}
