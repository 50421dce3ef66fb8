import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../../lib/util/ip-address.js';
import { whenTrusted } from '../http/trusted-caller.js';

/** Milliseconds. */
const CHECK_EVERY = 500;
/** Milliseconds without progress after which a connection is the first to be closed for another. */
const SLOW = 1_000;
/** Milliseconds without reading any of its answer after which a connection is closed. */
const LONGEST_STALL = { stranger: 3_000, trusted: 15_000 };

/**
 * Requests in flight on one untrusted connection. Pipelined requests are parsed and answered before anything of other
 * connections is read.
 */
const MOST_DUE = 4;

/**
 * In the order in which connections are closed for others. A connection is trusted from the first valid credential on
 * it; `asking`: it shows a credential that has not been verified yet.
 */
const KINDS = ['stalled', 'idle', 'written', 'young', 'asking', 'resting'] as const;
/** `working`: trusted, and an answer is due. It is never closed for another. */
type Kind = (typeof KINDS)[number] | 'working';
/** In a network above its share only these are closed. */
const UNTRUSTED = KINDS.slice(0, 5);

interface Connection {
  readonly socket: Socket;
  readonly network: string;
  kind: Kind;
  /** When it became this kind. */
  since: number;
  trusted: boolean;
  /** Requests without a complete answer. */
  due: number;
  /** What {@link unsent} returned last, and since when it is the same. */
  unsent: string;
  unsentSince: number;
}

/** Connections by kind, each oldest first. */
class ConnectionsByKind {
  readonly #kinds = new Map<Kind, Set<Connection>>();
  size = 0;

  #of(kind: Kind): Set<Connection> {
    const known = this.#kinds.get(kind) ?? new Set();
    this.#kinds.set(kind, known);
    return known;
  }

  add(connection: Connection): void {
    this.#of(connection.kind).add(connection);
    this.size++;
  }

  remove(connection: Connection): void {
    if (this.#of(connection.kind).delete(connection)) this.size--;
  }

  first(kinds: readonly Kind[], except: Connection): Connection | undefined {
    for (const kind of kinds) for (const one of this.#of(kind)) if (one !== except) return one;
    return undefined;
  }
}

/**
 * The bytes that the peer has not read yet, as a text that changes with every byte sent. Node counts whole chunks; only
 * the handle knows how much of a chunk is left.
 */
function unsent(socket: Socket): string {
  if (socket.writableLength === 0) return '';
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return `${socket.bytesWritten} ${socket.writableLength} ${handle?.writeQueueSize ?? 0}`;
}

/** An untrusted connection from a network above its share; the largest network first. */
function neighbourIn(crowded: ReadonlySet<ConnectionsByKind>, except: Connection): Connection | undefined {
  const largestFirst = [...crowded].sort((a, b) => b.size - a.size);
  for (const network of largestFirst) {
    const found = network.first(UNTRUSTED, except);
    if (found) return found;
  }
  return undefined;
}

export interface ConnectionLimits {
  readonly most: number;
  /** The share of one IPv4 address or IPv6 /64; a network above it is the first to lose connections. */
  readonly mostOfNetwork?: number;
  /** Milliseconds; monotonic. */
  readonly now?: () => number;
}

/**
 * Keeps at most `most` connections. While there is room none is closed, because a person may share an address with a
 * flood. When it is full, a new connection replaces another, from a network above its share if there is one: first one
 * that does not read its answer, then one that sends no request, then the one that has been without a valid credential
 * for longest. A connection with a valid credential is never closed while it is being answered; if all are, the new one
 * is closed. A connection that reads none of its answer for long is always closed.
 */
export function limitConnections(
  server: Server,
  { most, mostOfNetwork = most, now = () => performance.now() }: ConnectionLimits,
): void {
  const all = new Map<Socket, Connection>();
  const byKind = new ConnectionsByKind();
  const networks = new Map<string, ConnectionsByKind>();

  /** Networks above their share. */
  const crowded = new Set<ConnectionsByKind>();

  function forget(connection: Connection): void {
    if (!all.delete(connection.socket)) return;
    byKind.remove(connection);
    const own = networks.get(connection.network);
    own?.remove(connection);
    if (own && own.size <= mostOfNetwork) crowded.delete(own);
    if (own?.size === 0) networks.delete(connection.network);
  }

  /** Frees the descriptor at once; the `close` event comes later. */
  function evict(connection: Connection): void {
    forget(connection);
    connection.socket.destroy();
  }

  function move(connection: Connection, kind: Kind): void {
    if (!all.has(connection.socket)) return;
    const both = [byKind, networks.get(connection.network)];
    for (const one of both) one?.remove(connection);
    Object.assign(connection, { kind, since: now() });
    for (const one of both) one?.add(connection);
  }

  function take(socket: Socket): void {
    const network = socket.remoteAddress === undefined ? '' : networkOf(socket.remoteAddress);
    const since = now();
    const connection: Connection = {
      ...{ socket, network, kind: 'young', since, trusted: false, due: 0 },
      ...{ unsent: '', unsentSince: since },
    };
    const own = networks.get(network) ?? new ConnectionsByKind();
    networks.set(network, own);
    all.set(socket, connection);
    byKind.add(connection);
    own.add(connection);
    if (own.size > mostOfNetwork) crowded.add(own);
    socket.once('close', () => forget(connection));
    whenTrusted(socket, () => {
      connection.trusted = true;
      move(connection, connection.due > 0 ? 'working' : 'resting');
    });
    if (all.size <= most) return;
    evict(neighbourIn(crowded, connection) ?? byKind.first(KINDS, connection) ?? connection);
  }

  function check(): void {
    const at = now();
    for (const connection of [...all.values()]) {
      const { socket, trusted, kind, since } = connection;
      const left = unsent(socket);
      if (left === '' || left !== connection.unsent) {
        Object.assign(connection, { unsent: left, unsentSince: at });
        if (kind === 'stalled') move(connection, 'written');
        else if (kind === 'young' && connection.due === 0 && at - since >= SLOW) move(connection, 'idle');
        continue;
      }
      const still = at - connection.unsentSince;
      if (still >= (trusted ? LONGEST_STALL.trusted : LONGEST_STALL.stranger)) evict(connection);
      else if (still >= SLOW && kind !== 'stalled' && kind !== 'resting')
        move(connection, trusted ? 'resting' : 'stalled');
    }
  }

  server.on('connection', take);
  // Before the listener that answers.
  server.prependListener('request', (request, response) => {
    const connection = all.get(request.socket);
    if (!connection) return;
    if (!connection.trusted && connection.due >= MOST_DUE) {
      evict(connection);
      return;
    }
    // Sending a second request before reading the first answer does not count as progress.
    const queued = connection.due++ > 0;
    if (connection.trusted) move(connection, 'working');
    else if (queued) move(connection, 'written');
    else move(connection, request.headers.authorization === undefined ? 'young' : 'asking');
    response.once('prefinish', () => {
      if (!connection.trusted) move(connection, 'written');
    });
    response.once('close', () => {
      connection.due--;
      if (connection.due === 0) move(connection, connection.trusted ? 'resting' : 'young');
    });
  });
  const timer = setInterval(check, CHECK_EVERY).unref();
  server.once('close', () => clearInterval(timer));
}
