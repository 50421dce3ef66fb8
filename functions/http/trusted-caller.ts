import type { Context } from 'hono';
import type { Env } from './function.js';

/** What is to be done for a connection once a credential held on it. */
const onTrusted = new WeakMap<object, () => void>();

export const whenTrusted = (socket: object, then: () => void): void => void onTrusted.set(socket, then);

/** Says that a credential, or a signature, of the request on this connection held. At the edge it says it to nothing. */
export function trust(c: Pick<Context<Env>, 'env'>): void {
  const socket = c.env?.incoming?.socket;
  if (socket) onTrusted.get(socket)?.();
}
