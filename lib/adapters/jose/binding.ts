import * as base64url from 'jose/base64url';
import * as z from 'zod';

/** A request, as a token may be bound to it. */
export interface BoundRequest {
  readonly method: string;
  /** With its query, as sent. */
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer> | ArrayBuffer;
}

/**
 * The claim `req`: the one request that the token is for. Strict, since a member that we do not know could only
 * narrow it further.
 */
export const bindingSchema = z.strictObject({
  /** Method, in capitals. */
  m: z.string().regex(/^[A-Z]{1,16}$/),
  /** Path with its query, as sent. */
  p: z.string().regex(/^\//).max(4096),
  /** SHA-256 of the body's bytes in base64url, unpadded; without a body: of nothing. */
  h: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type Binding = z.infer<typeof bindingSchema>;

export async function bindingOf({ method, path, body }: BoundRequest): Promise<Binding> {
  const hash = await crypto.subtle.digest('SHA-256', body);
  return { m: method, p: path, h: base64url.encode(new Uint8Array(hash)) };
}

/** The first member that differs. Nothing compared is secret, so constant time is not needed. */
export async function mismatch(binding: Binding, request: BoundRequest): Promise<keyof Binding | undefined> {
  const actual = await bindingOf(request);
  return (['m', 'p', 'h'] as const).find(member => binding[member] !== actual[member]);
}
