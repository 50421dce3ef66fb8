import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';
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
  /** An answer without end, once it has begun with success. It keeps no process alive, and throws when it breaks off. */
  follow(call: Call): Promise<AsyncIterable<string>>;
  /** An answer of any bytes, piece by piece, once it has begun with success; throws when it breaks off. */
  stream(call: Call): Promise<AsyncIterable<Uint8Array>>;
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

  const send = (
    call: Call,
    onResponse: (response: IncomingMessage) => void,
    onError: (error: unknown) => void,
  ): ClientRequest => {
    const { method, abortSignal: signal } = call;
    const path = call.path.endsWith('?') ? call.path + toQuery(call.options ?? {}) : call.path;
    signal?.addEventListener('abort', () => onError(signal.reason), { once: true });
    const outgoing = request({ method, path, createConnection, signal, headers: { host: 'docker' } });
    outgoing.once('response', onResponse);
    // It stays: an error after the answer would be uncaught otherwise.
    outgoing.on('error', onError);
    return outgoing.end();
  };

  const read = async (response: IncomingMessage, { statusCodes }: Call): Promise<string> => {
    const { statusCode = 0 } = response;
    const body = await text(response);
    if (statusCodes[statusCode] !== true) throw new StatusError(statusCode, body);
    return body;
  };

  const exchange = (call: Call): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onResponse = (response: IncomingMessage): void => {
        read(response, call)
          .then(body => resolve(body === '' ? undefined : JSON.parse(body)))
          .catch(reject);
      };
      send(call, onResponse, reject);
    });

  const begin = (call: Call): { answer: Promise<IncomingMessage>; outgoing: ClientRequest | undefined } => {
    let outgoing: ClientRequest | undefined;
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      const onResponse = (response: IncomingMessage): void => {
        if (call.statusCodes[response.statusCode ?? 0] === true) resolve(response);
        else read(response, call).catch(reject);
      };
      outgoing = send(call, onResponse, reject);
    });
    return { answer, outgoing };
  };

  const follow = async (call: Call): Promise<AsyncIterable<string>> => {
    const { answer, outgoing } = begin(call);
    outgoing?.once('socket', socket => {
      if (socket instanceof Socket) socket.unref();
    });
    return (await answer).setEncoding('utf8');
  };

  return {
    Promise,
    dial: (call, callback) => {
      exchange(call).then(
        body => callback(null, body),
        error => callback(error),
      );
    },
    follow,
    stream: call => begin(call).answer,
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
