import type { Hono } from 'hono';
import type { Actor } from '../../lib/domain/actor.js';
import type { Answered, Order, Perform } from '../../lib/triggers/api-request.js';
import type { Env } from './function.js';

/** Nobody outside of this process can have this key, whatever an environment or a request holds. */
const VOUCHED = Symbol('vouched');

/** Whom this process vouches for itself, with no credential. */
export const voucherOf = (bindings: object | undefined): Actor | undefined =>
  (bindings as { [VOUCHED]?: Actor } | undefined)?.[VOUCHED];

/** The same as a request to the HTTP API, in this process: checked, carried out once, told and audited alike. */
export const performOn =
  (app: Pick<Hono<Env>, 'fetch'>): Perform =>
  async (actor, order) => {
    const request = requestOf('http://localhost', order);
    return answeredBy(await app.fetch(request, { [VOUCHED]: actor }));
  };

export const requestOf = (origin: string, { method, path, body, key }: Order): Request =>
  new Request(origin + path, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });

/** @param read takes the text of the answer */
export async function answeredBy(
  response: Response,
  read: (response: Response) => Promise<string> = one => one.text(),
): Promise<Answered> {
  const text = await read(response);
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: undefined };
  }
}
