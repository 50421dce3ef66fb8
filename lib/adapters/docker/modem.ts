import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

/** One call of the engine's API. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** What the engine, or a proxy before it, answers with where it has done what it was asked. */
const isSuccess = (statusCode: number): boolean => statusCode === 200 || statusCode === 204;

/** The engine's answer was no success. 3xx too: no redirect is followed. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly statusCode: number;

  constructor(statusCode: number, body: string) {
    super(`The engine answered ${statusCode}: ${body.slice(0, 1000)}`);
    this.statusCode = statusCode;
  }
}

/** The way to the engine. Each call rejects with a {@link StatusError} where the answer is no success. */
export interface Modem {
  /** An answer of JSON, or of nothing. */
  call(call: Call): Promise<unknown>;
  /** An answer without end, once it has begun with success. It keeps no process alive, and throws when it breaks off. */
  follow(call: Call): Promise<AsyncIterable<string>>;
  /** An answer of any bytes, piece by piece, once it has begun with success; throws when it breaks off. */
  stream(call: Call): Promise<AsyncIterable<Uint8Array>>;
  /** Breaks off what is under way. */
  close(): void;
}

/**
 * Our own, because docker-modem follows redirects to anywhere (with an uncaught error if nobody is there), never
 * settles on a body that stalls or breaks off, and prefers `DOCKER_HOST` to what it is told. Every call here settles at the latest when its signal aborts. Each has a connection of its own.
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
    const { method, signal, query } = call;
    const path = query ? `${call.path}?${toQuery(query)}` : call.path;
    signal?.addEventListener('abort', () => onError(signal.reason), { once: true });
    const outgoing = request({ method, path, createConnection, signal, headers: { host: 'docker' } });
    outgoing.once('response', onResponse);
    // It stays: an error after the answer would be uncaught otherwise.
    outgoing.on('error', onError);
    return outgoing.end();
  };

  const read = async (response: IncomingMessage): Promise<string> => {
    const { statusCode = 0 } = response;
    const body = await text(response);
    if (!isSuccess(statusCode)) throw new StatusError(statusCode, body);
    return body;
  };

  const exchange = (call: Call): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onResponse = (response: IncomingMessage): void => {
        read(response)
          .then(body => resolve(body === '' ? undefined : JSON.parse(body)))
          .catch(reject);
      };
      send(call, onResponse, reject);
    });

  const begin = (call: Call): { answer: Promise<IncomingMessage>; outgoing: ClientRequest | undefined } => {
    let outgoing: ClientRequest | undefined;
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      const onResponse = (response: IncomingMessage): void => {
        if (isSuccess(response.statusCode ?? 0)) resolve(response);
        else read(response).catch(reject);
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
    call: exchange,
    follow,
    stream: call => begin(call).answer,
    close: () => {
      for (const connection of open) connection.destroy();
    },
  };
}

function toQuery(members: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined) continue;
    query.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  return query.toString();
}
