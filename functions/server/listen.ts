import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Env } from '../http/function.js';
import { limitConnections } from './connection-limit.js';
import { giveCredentialsPrecedence } from './defer-anonymous.js';

export type App = Pick<Hono<Env>, 'fetch'>;

/** Against clients that open connections and say nothing: they must not use up what a kill needs. */
const TIMEOUTS = {
  headersTimeout: 3_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 2_000,
};
/** Milliseconds; well above the deadline for answers. */
const LONGEST_ANSWER = 15_000;
const FALLBACK_DESCRIPTORS = 1_024;
/** Of the half that connections may take, what the port leaves over for the socket. */
const RESERVE = 32;
const MOST_ON_SOCKET = 64;
/**
 * However many descriptors there are. One that does not read its answer holds up to about 200 KiB of it in this process
 * before it is closed, so that these come to 200 MiB at the worst; and no more are needed, as a kill takes milliseconds.
 */
const MOST_AT_PORT = 1_024;
/** The share of one address: beyond it, its own make room first once the port is full. */
const SHARE_OF_NETWORK = 1 / 4;
const LEAST_OF_NETWORK = 16;
/** Connections that the system holds until they are taken: a queue that is full makes clients try again in a second. */
const BACKLOG = 4_096;

/** How many file descriptors this process may have. */
function descriptors(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    if (soft) return Number(soft);
  } catch {
    // Not Linux.
  }
  return FALLBACK_DESCRIPTORS;
}

/**
 * How many connections each listener takes at a time. Whatever comes in at the port, the socket has its own; and what
 * is left is for the engine, the store and cgroups.
 */
export function connectionLimits(limit = descriptors()): { readonly port: number; readonly socket: number } {
  return {
    port: Math.min(MOST_AT_PORT, Math.max(16, Math.floor(limit / 2) - RESERVE)),
    socket: Math.max(4, Math.min(MOST_ON_SOCKET, Math.floor(limit / 4))),
  };
}

export function createServer(app: App, maxConnections: number): Server {
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: TIMEOUTS }) as Server;
  giveCredentialsPrecedence(server);
  const mostOfNetwork = Math.max(LEAST_OF_NETWORK, Math.floor(maxConnections * SHARE_OF_NETWORK));
  limitConnections(server, { most: maxConnections, mostOfNetwork });
  return server;
}

/** Takes no new requests and resolves when those in flight are answered; who does not read its answer is left. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), LONGEST_ANSWER);
  await closed;
  clearTimeout(timer);
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws Error of node:net, such as `EADDRINUSE` */
export async function listen(
  app: App,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createServer(app, connectionLimits().port);
  server.listen({ port, host, backlog: BACKLOG });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${name}:${address.port}`, close: () => closeServer(server) };
}
