import type { Log } from '../../ports/runtime.js';
import { withTimeout } from '../../util/with-timeout.js';
import { storeUnavailable, wordsFor } from './failure.js';
import type { Client } from './options.js';

/** The connection: every exchange ends by the deadline, and only ever rejects with `store_unavailable`. */
export interface Link {
  /** Runs one exchange with the server. Rejects at once while there is no connection. */
  call<T>(exchange: (client: Client) => Promise<T>): Promise<T>;
  /** Waits for exchanges in flight, within the deadline, and closes. */
  close(): Promise<void>;
}

export function openLink(client: Client, deadlineMs: number, log?: Log): Link {
  let up: boolean | undefined;
  let closing = false;
  let reason: unknown;

  const wentDown = (error?: unknown): void => {
    reason = error ?? reason ?? new Error('Connection is closed.');
    if (up === false || closing) return;
    up = false;
    log?.warn({ reason: wordsFor(reason) }, 'The store is out of reach');
  };
  const cameUp = (): void => {
    reason = undefined;
    if (up === false) log?.info({}, 'The store answers again');
    up = true;
  };
  client.on('ready', cameUp);
  client.on('error', wentDown);
  client.on('node error', (error: unknown) => {
    reason = error;
  });
  client.on('close', () => wentDown());

  /** Only the first attempt to connect is awaited. */
  const tried = new Promise<void>(resolve => {
    for (const event of ['ready', 'error', 'close', 'end']) client.once(event, () => resolve());
  });

  /** Rejects at the deadline; later results are dropped, and nothing new is begun. */
  function within<T>(work: (isLate: () => boolean) => Promise<T>): Promise<T> {
    let late = false;
    return withTimeout(
      work(() => late),
      deadlineMs,
      () => {
        late = true;
        throw new Error('No answer within the deadline.');
      },
    );
  }

  return {
    async call(exchange) {
      try {
        return await within(async isLate => {
          if (up === undefined) await tried;
          if (client.status !== 'ready' || isLate()) throw reason ?? new Error('Connection is closed.');
          return exchange(client);
        });
      } catch (error) {
        throw storeUnavailable(error);
      }
    },
    async close() {
      closing = true;
      if (client.status === 'ready') await within(() => client.quit()).catch(() => undefined);
      if (client.status !== 'end') client.disconnect();
    },
  };
}
