import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../../lib/util/ip-address.js';
import { whenTrusted } from '../http/trusted-caller.js';

/** Milliseconds. */
const LOOK_EVERY = 500;
/** Milliseconds without progress after which a connection is the first to make room. */
const SLOW = 1_000;
/** Milliseconds in which a peer that does not take its answer has to take some of it, or it is closed. */
const LONGEST_STALL = { stranger: 3_000, trusted: 15_000 };

/**
 * Questions that a stranger may have open on one connection. The rest of what it sent at once would be parsed and
 * answered before anything of others is even read.
 */
const MOST_DUE = 4;

/**
 * In the order in which they make room. A connection is trusted from the first credential on it that holds; `asking`: it
 * shows one that is not checked yet.
 */
const KINDS = ['stalled', 'idle', 'written', 'young', 'asking', 'resting'] as const;
/** `working`: trusted, and an answer is due. It makes room for no other. */
type Kind = (typeof KINDS)[number] | 'working';
/** Of a network beyond its share, only these go. */
const STRANGERS = KINDS.slice(0, 5);

interface Connection {
  readonly socket: Socket;
  readonly network: string;
  kind: Kind;
  /** When it came to be of this kind. */
  since: number;
  trusted: boolean;
  /** Answers that are not handed over to the system yet. */
  due: number;
  /** What is not taken yet, as {@link unsent} tells, and since when it is the same. */
  unsent: string;
  unsentSince: number;
}

/** Connections by kind, each oldest first. */
class Shelf {
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
 * What has not been taken: it changes with every byte that leaves. Node counts a chunk as a whole; how much of it is
 * left, only the handle knows.
 */
function unsent(socket: Socket): string {
  if (socket.writableLength === 0) return '';
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return `${socket.bytesWritten} ${socket.writableLength} ${handle?.writeQueueSize ?? 0}`;
}

/** A stranger's connection of a network that has more than its share, the largest first. */
function neighbourIn(crowded: ReadonlySet<Shelf>, except: Connection): Connection | undefined {
  const largestFirst = [...crowded].sort((a, b) => b.size - a.size);
  for (const network of largestFirst) {
    const found = network.first(STRANGERS, except);
    if (found) return found;
  }
  return undefined;
}

export interface ConnectionLimits {
  readonly most: number;
  /** The share of one IPv4 address or IPv6 /64; what is beyond it makes room first. */
  readonly mostOfNetwork?: number;
  /** Milliseconds; monotonic. */
  readonly now?: () => number;
}

/**
 * Keeps at most so many connections. While there is room, none is closed for another: a person may come from the same
 * address as a flood. One more than that takes the place of another, of a network beyond its share if there is one:
 * first of those that do not read their answers, then of those that ask for nothing, then of the one that has gone
 * longest without showing a credential that holds. None makes room while it is answered under a credential that held;
 * only where all are, it is the new one that goes. Those that take nothing of their answer for long are closed in any
 * case.
 */
export function limitConnections(
  server: Server,
  { most, mostOfNetwork = most, now = () => performance.now() }: ConnectionLimits,
): void {
  const all = new Map<Socket, Connection>();
  const shelf = new Shelf();
  const networks = new Map<string, Shelf>();

  /** Those that have more than their share. */
  const crowded = new Set<Shelf>();

  function forget(connection: Connection): void {
    if (!all.delete(connection.socket)) return;
    shelf.remove(connection);
    const own = networks.get(connection.network);
    own?.remove(connection);
    if (own && own.size <= mostOfNetwork) crowded.delete(own);
    if (own?.size === 0) networks.delete(connection.network);
  }

  /** Its descriptor is free at once, its `close` comes later. */
  function evict(connection: Connection): void {
    forget(connection);
    connection.socket.destroy();
  }

  function move(connection: Connection, kind: Kind): void {
    if (!all.has(connection.socket)) return;
    const both = [shelf, networks.get(connection.network)];
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
    const own = networks.get(network) ?? new Shelf();
    networks.set(network, own);
    all.set(socket, connection);
    shelf.add(connection);
    own.add(connection);
    if (own.size > mostOfNetwork) crowded.add(own);
    socket.once('close', () => forget(connection));
    whenTrusted(socket, () => {
      connection.trusted = true;
      move(connection, connection.due > 0 ? 'working' : 'resting');
    });
    if (all.size <= most) return;
    evict(neighbourIn(crowded, connection) ?? shelf.first(KINDS, connection) ?? connection);
  }

  function look(): void {
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
  // Before whatever answers.
  server.prependListener('request', (request, response) => {
    const connection = all.get(request.socket);
    if (!connection) return;
    if (!connection.trusted && connection.due >= MOST_DUE) {
      evict(connection);
      return;
    }
    // A second question before the first answer was taken proves nothing.
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
  const looking = setInterval(look, LOOK_EVERY).unref();
  server.once('close', () => clearInterval(looking));
}
