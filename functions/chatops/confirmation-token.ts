import * as z from 'zod';
import { type Selector, selectorSchema } from '../../lib/domain/selector.js';
import { fromBase64, isHmac, signHmac, utf8 } from '../../lib/util/crypto.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';

/** A kill-all that waits for its confirmation. Nobody keeps it: the message that asks for it carries it whole. */
export interface Ticket {
  readonly selector: Selector;
  readonly reason?: string;
  /** Who asked, as the audit names them. */
  readonly asker: string;
  /** 32 hexadecimal digits; the key under which the order is carried out once. */
  readonly nonce: string;
}

/** Both halves are ASCII. They may be kept apart: neither is worth anything without the other. */
export interface Sealed {
  /** `<expiry>.<nonce>.<signature>`, 87 characters. */
  readonly stub: string;
  /** JSON: whom, why, and who asked. */
  readonly order: string;
}

const payload = z.strictObject({
  verb: z.literal('all'),
  selector: selectorSchema,
  reason: z.string().optional(),
  asker: z.string(),
});

const encode = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

const decode = (text: string): Uint8Array | undefined =>
  /^[\w-]+$/.test(text)
    ? fromBase64(
        text
          .replaceAll('-', '+')
          .replaceAll('_', '/')
          .padEnd(Math.ceil(text.length / 4) * 4, '='),
      )
    : undefined;

/** Not the platform's secret itself: what it signs for one purpose must not pass for another. */
const keyOf = (secret: string): Promise<Uint8Array> => signHmac(secret, utf8('killswitch chatops ticket 1'));

const signed = (expiry: string, nonce: string, order: string): Uint8Array =>
  utf8(`${expiry}.${nonce}.${order}`);

/** The same JSON, in characters that every platform hands back as they were. */
const inAscii = (json: string): string =>
  json.replace(/[^ -~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** @param expiresAt epoch seconds */
export async function seal(
  secret: string,
  { selector, reason, asker, nonce }: Ticket,
  expiresAt: number,
): Promise<Sealed> {
  const order = inAscii(JSON.stringify({ verb: 'all', selector, reason, asker }));
  const mac = await signHmac(await keyOf(secret), signed(`${expiresAt}`, nonce, order));
  return { stub: `${expiresAt}.${nonce}.${encode(mac)}`, order };
}

/** The ticket; or that it is none of ours; or that its time is over. */
export async function unseal(
  secrets: readonly string[],
  { stub, order }: Sealed,
  nowMs: number,
): Promise<Ticket | 'forged' | 'late'> {
  const [, expiry = '', nonce = '', mac = ''] = /^(\d{1,12})\.([0-9a-f]{32})\.([\w-]{43})$/.exec(stub) ?? [];
  const shown = decode(mac);
  const checks = await Promise.all(
    secrets.map(async secret => isHmac(await keyOf(secret), signed(expiry, nonce, order), shown)),
  );
  if (!checks.includes(true)) return 'forged';
  if (nowMs / 1000 >= Number(expiry)) return 'late';
  const { selector, reason, asker } = payload.parse(JSON.parse(order));
  return omitUndefined<Ticket>({ selector, reason, asker, nonce });
}

export const newNonce = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');

/** Both halves in one text, for a platform that keeps one. */
export const joined = ({ stub, order }: Sealed): string => `${stub}.${encode(utf8(order))}`;

/** The halves of a {@link joined} text; whether they are ours is for {@link unseal} to say. */
export function halved(text: unknown): Sealed {
  const [, stub = '', rest = ''] = typeof text === 'string' ? (/^(.+)\.([\w-]+)$/s.exec(text) ?? []) : [];
  const order = decode(rest);
  return { stub, order: order ? new TextDecoder().decode(order) : '' };
}
