import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, type ClientOptions, createClient } from '../../lib/client.js';
import type { Scope, Within } from '../../lib/command.js';
import { type Environment, tokenFrom } from './credential.js';
import { socketFetch } from './socket-fetch.js';

/** A server that listens everywhere is reached here. */
const LOCAL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

function urlFrom(env: Environment): string {
  const host = env['HOST'] || '127.0.0.1';
  const address = LOCAL[host] ?? host;
  return `http://${address.includes(':') ? `[${address}]` : address}:${env['PORT'] || '8787'}`;
}

/** Where a server with the same environment has its socket, if there is one. */
function socketFrom(env: Environment): string | undefined {
  const path =
    env['KILLSWITCH_SOCKET'] || join(env['KILLSWITCH_STATE_DIR'] || '.killswitch', 'killswitch.sock');
  try {
    return lstatSync(path).isSocket() ? path : undefined;
  } catch {
    return undefined;
  }
}

const through = (path: string): Omit<ClientOptions, 'token'> => ({
  url: 'http://localhost',
  name: path,
  fetch: socketFetch(path),
});

export interface Whereabouts {
  readonly url?: string;
  readonly socket?: string;
}

/** What was named, or else what the environment names, or else the socket if it is there, or else the port. */
function serverFrom({ url, socket }: Whereabouts, env: Environment): Omit<ClientOptions, 'token'> {
  if (url !== undefined) return { url };
  if (socket !== undefined) return through(socket);
  if (env['KILLSWITCH_URL']) return { url: env['KILLSWITCH_URL'] };
  const found = socketFrom(env);
  return found === undefined ? { url: urlFrom(env) } : through(found);
}

/** A client with just the rights that a command needs. */
export async function connect(
  where: Whereabouts,
  needs: { readonly scope: Scope | readonly Scope[]; readonly within?: Within },
): Promise<Client> {
  const { environment, mintToken } = await import('../node.js');
  const env = environment();
  return createClient({ ...serverFrom(where, env), token: tokenFrom(env, mintToken, needs) });
}
