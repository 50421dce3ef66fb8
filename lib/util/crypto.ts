/**
 * Helpers for signatures, on Web Crypto alone, so that they run on Node and at the edge. All comparisons of secrets take
 * constant time.
 */

type Bytes = Uint8Array<ArrayBuffer>;
type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
const encoder = new TextEncoder();

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Concatenates the parts; texts as UTF-8. */
export function concat(...parts: readonly (string | Uint8Array)[]): Bytes {
  const bytes = parts.map(part => (typeof part === 'string' ? encoder.encode(part) : part));
  const whole = new Uint8Array(bytes.reduce((length, { byteLength }) => length + byteLength, 0));
  let at = 0;
  for (const part of bytes) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/**
 * Concatenates the parts, each after its length (four bytes, big-endian; all ones for an absent part), so that different
 * parts never give the same bytes.
 */
export function framed(parts: readonly (string | Uint8Array | null)[]): Bytes {
  const ABSENT = 0xffffffff;
  return concat(
    ...parts.flatMap(part => {
      const bytes = typeof part === 'string' ? encoder.encode(part) : part;
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, bytes?.byteLength ?? ABSENT);
      return bytes === null ? [length] : [length, bytes];
    }),
  );
}

/** Decodes an even number of hexadecimal digits, at least two; `undefined` for any other text. */
export function fromHex(text: string): Bytes | undefined {
  if (!/^([0-9a-f]{2})+$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], digits => Number.parseInt(digits, 16));
}

/** Decodes base64 by RFC 4648 section 4, padding included; `undefined` for any other text. */
export function fromBase64(text: string): Bytes | undefined {
  if (text === '' || !/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    return undefined;
  return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}

/** Encodes base64 by RFC 4648 section 4. */
export const toBase64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));

/** Encodes base64url by RFC 4648 section 5, without padding. */
export const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

/** Decodes base64url by RFC 4648 section 5, without padding; `undefined` for any other text. */
export function fromBase64Url(text: string): Bytes | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return fromBase64(base64.padEnd(Math.ceil(text.length / 4) * 4, '='));
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

const hmacKey = (key: string | Uint8Array, use: 'sign' | 'verify'): Promise<Key> =>
  crypto.subtle.importKey('raw', concat(key), { name: 'HMAC', hash: 'SHA-256' }, false, [use]);

export async function signHmac(key: string | Uint8Array, data: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', await hmacKey(key, 'sign'), concat(data)));
}

/** Whether `signature` is the HMAC-SHA256 of the data; never if it is absent or the key is empty. */
export async function isHmac(
  key: string | Uint8Array,
  data: Uint8Array,
  signature: Uint8Array | undefined,
): Promise<boolean> {
  if (signature === undefined || key.length === 0) return false;
  return crypto.subtle.verify('HMAC', await hmacKey(key, 'verify'), concat(signature), concat(data));
}

/** Ed25519, RFC 8032. @param publicKey 32 bytes */
export async function isEd25519(
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array | undefined,
): Promise<boolean> {
  if (signature?.byteLength !== 64 || publicKey.byteLength !== 32) return false;
  const key = await crypto.subtle.importKey('raw', concat(publicKey), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, concat(signature), concat(data));
}

/** Compares a secret in constant time, whatever the lengths; false if either is absent or empty. */
export async function isSecret(shown: string | undefined, secret: string | undefined): Promise<boolean> {
  if (!shown || !secret) return false;
  const key = crypto.getRandomValues(new Uint8Array(32));
  return isHmac(key, utf8(shown), await signHmac(key, utf8(secret)));
}

/** Whether a time in whole seconds since the epoch is within the tolerance of now, in both directions. */
export function isFresh(
  seconds: string | null | undefined,
  nowMs: number,
  toleranceSeconds: number,
): boolean {
  if (!seconds || !/^\d{1,12}$/.test(seconds)) return false;
  return Math.abs(nowMs / 1000 - Number(seconds)) <= toleranceSeconds;
}
