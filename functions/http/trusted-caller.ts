import type { Context } from 'hono';
import type { Env } from './function.js';

/** What to do when a request on a connection shows a valid credential. */
const onTrusted = new WeakMap<object, () => void>();

export const whenTrusted = (socket: object, then: () => void): void => void onTrusted.set(socket, then);

/** Marks the connection of this request as trusted: its credential or signature is valid. No effect at the edge. */
export function trust(c: Pick<Context<Env>, 'env'>): void {
  const socket = c.env?.incoming?.socket;
  if (socket) onTrusted.get(socket)?.();
}
