import { type Client, createClient } from '../../lib/client.js';
import type { Scope, Within } from '../../lib/command.js';
import { type Environment, tokenFrom } from './credential.js';

/** A server that listens everywhere is reached here. */
const LOCAL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

function urlFrom(env: Environment): string {
  if (env['KILLSWITCH_URL']) return env['KILLSWITCH_URL'];
  const host = env['HOST'] || '127.0.0.1';
  const address = LOCAL[host] ?? host;
  return `http://${address.includes(':') ? `[${address}]` : address}:${env['PORT'] || '8787'}`;
}

/** A client with just the rights that a command needs. */
export async function connect(
  { url }: { readonly url?: string },
  needs: { readonly scope: Scope; readonly within?: Within },
): Promise<Client> {
  const { environment, mintToken } = await import('../node.js');
  const env = environment();
  return createClient({ url: url ?? urlFrom(env), token: tokenFrom(env, mintToken, needs) });
}
