import { type Client, type ClientError, type ClientOptions, createClient } from '../../lib/client/client.js';
import type { Scope, Within } from '../../lib/domain/actor.js';
import { ownSocket } from '../server/own-socket.js';
import { socketOf } from '../server/places.js';
import { type Environment, tokenFrom } from './credential.js';
import { refuseForeignPort } from './refuse-foreign-port.js';
import { socketFetch } from './socket-fetch.js';

/** Where a server that listens on all addresses is reached from this machine. */
const LOCAL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

const portOf = (env: Environment): string => env['PORT'] || '8787';

/** Where a server with this environment listens. */
export function urlFrom(env: Environment): string {
  const host = env['HOST'] || '127.0.0.1';
  const address = LOCAL[host] ?? host;
  return `http://${address.includes(':') ? `[${address}]` : address}:${portOf(env)}`;
}

const absent: typeof globalThis.fetch = () => Promise.reject(new TypeError('There is no such socket.'));

/** @param found the real path, where there is one */
const through = (path: string, found = ownSocket(path)): Omit<ClientOptions, 'token'> => ({
  url: 'http://localhost',
  name: path,
  fetch: found === undefined ? absent : socketFetch(found),
});

export interface Whereabouts {
  readonly url?: string;
  readonly socket?: string;
}

/**
 * The server that an option names, or else the environment, or else the socket if it exists, or else the port.
 * @throws Error in a clear sentence if another user may have put the socket there, or listens on the port
 */
function serverFrom({ url, socket }: Whereabouts, env: Environment): Omit<ClientOptions, 'token'> {
  if (url !== undefined) return { url };
  if (socket !== undefined) return through(socket);
  if (env['KILLSWITCH_URL']) return { url: env['KILLSWITCH_URL'] };
  const path = socketOf(env);
  const found = ownSocket(path);
  if (found !== undefined) return through(path, found);
  refuseForeignPort(portOf(env));
  return { url: urlFrom(env) };
}

export interface Needs {
  readonly scope: Scope | readonly Scope[];
  readonly within?: Within;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs?: number;
}

/** A client with only the rights that a command needs. */
export async function connect(where: Whereabouts, { timeoutMs, ...needs }: Needs): Promise<Client> {
  const { environment, mintToken } = await import('../node.js');
  const env = environment();
  const server = serverFrom(where, env);
  return createClient({
    ...server,
    token: tokenFrom(env, mintToken, needs),
    ...(timeoutMs && { timeoutMs }),
  });
}

/** The same; `undefined` if no server was named and none answers on this host, which is asked without a credential. */
export async function connectIfAnswered(where: Whereabouts, needs: Needs): Promise<Client | undefined> {
  const { environment } = await import('../node.js');
  const env = environment();
  const isNamed = where.url !== undefined || where.socket !== undefined || Boolean(env['KILLSWITCH_URL']);
  return isNamed || (await isAnswered(env)) ? connect(where, needs) : undefined;
}

/** Whether a killswitch server is there. One that is late with its answer is. */
async function isAnswered(env: Environment): Promise<boolean> {
  try {
    await createClient({ ...serverFrom({}, env), token: '', timeoutMs: 2_000 }).ready();
    return true;
  } catch (error) {
    const { code, cause } = error as ClientError;
    return code === 'unreachable' && !(cause instanceof TypeError);
  }
}
