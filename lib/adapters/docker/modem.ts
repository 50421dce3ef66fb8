import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

/** One call as dockerode hands it over. A path that ends with `?` wants its options as the query. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly abortSignal?: AbortSignal;
  /** `true` for an answer that is a success. */
  readonly statusCodes: Readonly<Record<number, true | string>>;
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

/** What dockerode sends its calls through. */
export interface Modem {
  readonly Promise: PromiseConstructor;
  dial(call: Call, callback: (error: unknown, body?: unknown) => void): void;
  /** Breaks off what is under way. */
  close(): void;
}

/**
 * Stands in for docker-modem, which follows redirects to anywhere (with an uncaught error if nobody is there),
 * never settles on a body that stalls or breaks off, and prefers `DOCKER_HOST` to what it is told.
 * Every call here settles at the latest when its signal aborts. Each has a connection of its own.
 */
export function openModem(connect: () => Duplex): Modem {
  const open = new Set<Duplex>();

  const createConnection = (): Duplex => {
    const connection = connect();
    open.add(connection);
    return connection.once('close', () => open.delete(connection));
  };

  const exchange = (call: Call): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { method, statusCodes, abortSignal: signal } = call;
      const path = call.path.endsWith('?') ? call.path + toQuery(call.options ?? {}) : call.path;
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      const outgoing = request({ method, path, createConnection, signal, headers: { host: 'docker' } });
      outgoing.once('response', response => {
        const { statusCode = 0 } = response;
        text(response)
          .then(body => {
            if (statusCodes[statusCode] !== true) throw new StatusError(statusCode, body);
            resolve(body === '' ? undefined : JSON.parse(body));
          })
          .catch(reject);
      });
      // It stays: an error after the answer would be uncaught otherwise.
      outgoing.on('error', reject);
      outgoing.end();
    });

  return {
    Promise,
    dial: (call, callback) => {
      exchange(call).then(
        body => callback(null, body),
        error => callback(error),
      );
    },
    close: () => {
      for (const connection of open) connection.destroy();
    },
  };
}

function toQuery(options: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) {
    if (name === 'abortSignal' || value === undefined) continue;
    query.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  return query.toString();
}
