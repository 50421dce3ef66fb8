import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

/** One call as dockerode describes it to a modem; the rest of docker-modem's options are for calls with a body. */
export interface DialOptions {
  readonly method: string;
  /** With `?` at its end where `options` belong into the query. */
  readonly path: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly abortSignal?: AbortSignal | undefined;
  /** Answer with the response itself, once it has begun with success. */
  readonly isStream?: boolean;
  /** `true` for the codes of success. */
  readonly statusCodes: Readonly<Record<number, true | string>>;
}

/** What dockerode sends its calls through. */
export interface Modem {
  /**
   * @param callback called once: with the parsed JSON, `undefined` for an empty body, or the response; or with an error,
   *   which is a {@link StatusError} where the engine did answer
   */
  dial(options: DialOptions, callback: (error: unknown, answer?: unknown) => void): void;
  /** Breaks off the calls that are under way. */
  close(): void;
  /** Of the promises that dockerode returns. */
  readonly Promise: PromiseConstructor;
}

/** The engine's answer was no success. 3xx too: no redirect is followed. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly statusCode: number;

  constructor(statusCode: number, body: string) {
    super(`The engine answered ${statusCode}: ${body.slice(0, 1000)}`);
    this.statusCode = statusCode;
  }
}

/**
 * Takes the place of docker-modem, which follows redirects to any host (with an uncaught error if there is none), never
 * settles on a body that stalls or breaks off, and prefers `DOCKER_HOST` to what it is given. Here every call settles at
 * the latest when its signal aborts. Each has a connection of its own, and sends no body.
 */
export function openModem(connect: () => Duplex): Modem {
  const open = new Set<Duplex>();

  const createConnection = (): Duplex => {
    const connection = connect();
    open.add(connection);
    return connection.once('close', () => open.delete(connection));
  };

  const exchange = (options: DialOptions): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { method, abortSignal: signal } = options;
      const path = pathOf(options);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      const outgoing = request({ method, path, createConnection, signal, headers: { host: 'docker' } });
      outgoing.once('response', response => {
        read(response, options).then(resolve, reject);
      });
      // Stays after the answer: a later error would be uncaught otherwise.
      outgoing.on('error', reject);
      outgoing.end();
    });

  return {
    dial: (options, callback) =>
      void exchange(options).then(
        answer => callback(undefined, answer),
        (error: unknown) => callback(error),
      ),
    close: () => {
      for (const connection of open) connection.destroy();
    },
    Promise,
  };
}

async function read(response: IncomingMessage, { isStream, statusCodes }: DialOptions): Promise<unknown> {
  const { statusCode = 0 } = response;
  const isSuccess = statusCodes[statusCode] === true;
  if (isSuccess && isStream) return response;
  const body = await text(response);
  if (!isSuccess) throw new StatusError(statusCode, body);
  return body === '' ? undefined : JSON.parse(body);
}

/** @throws TypeError if the options would have to be sent as a body */
function pathOf({ path, options = {} }: DialOptions): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === 'abortSignal') continue;
    query.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  const [plain = ''] = path.split('?', 1);
  if (query.size === 0) return plain;
  if (plain === path) throw new TypeError(`This modem sends no body, as ${path} would need`);
  return `${plain}?${query}`;
}
