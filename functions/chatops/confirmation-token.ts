import * as z from 'zod';
import { type Selector, selectorSchema } from '../../lib/domain/selector.js';
import { fromBase64Url, isHmac, signHmac, toBase64Url, toHex, utf8 } from '../../lib/util/crypto.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';

/** A kill-all that waits for its confirmation. It is stored nowhere: the button that confirms it carries it. */
export interface PendingKillAll {
  readonly selector: Selector;
  readonly reason?: string;
  /** The person who asked, as in the audit. */
  readonly asker: string;
  /** 32 hexadecimal digits: the idempotency key of the kill-all. */
  readonly nonce: string;
}

/** A signed {@link PendingKillAll} in two ASCII texts, which a platform may keep apart. */
export interface ConfirmationToken {
  /** `<expiry>.<nonce>.<HMAC-SHA-256>`, 87 characters; the expiry in epoch seconds. */
  readonly proof: string;
  /** JSON: selector, reason and asker. */
  readonly order: string;
}

const orderSchema = z.strictObject({
  verb: z.literal('all'),
  selector: selectorSchema,
  reason: z.string().optional(),
  asker: z.string(),
});

/** Derived, so that nothing that the platform signs with the secret itself can pass for a token. */
const keyOf = (secret: string): Promise<Uint8Array> => signHmac(secret, utf8('killswitch chatops ticket 1'));

const signedBytes = (expiry: string, nonce: string, order: string): Uint8Array =>
  utf8(`${expiry}.${nonce}.${order}`);

/** The same JSON in ASCII, which every platform returns unchanged. */
const inAscii = (json: string): string =>
  json.replace(/[^ -~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** @param expiresAt epoch seconds */
export async function createToken(
  secret: string,
  { selector, reason, asker, nonce }: PendingKillAll,
  expiresAt: number,
): Promise<ConfirmationToken> {
  const order = inAscii(JSON.stringify({ verb: 'all', selector, reason, asker }));
  const mac = await signHmac(await keyOf(secret), signedBytes(`${expiresAt}`, nonce, order));
  return { proof: `${expiresAt}.${nonce}.${toBase64Url(mac)}`, order };
}

/** @returns `forged`: signed with none of the secrets; `expired`: signed with one of them, and too old */
export async function verifyToken(
  secrets: readonly string[],
  { proof, order }: ConfirmationToken,
  nowMs: number,
): Promise<PendingKillAll | 'forged' | 'expired'> {
  const [, expiry = '', nonce = '', mac = ''] = /^(\d{1,12})\.([0-9a-f]{32})\.([\w-]{43})$/.exec(proof) ?? [];
  const shown = fromBase64Url(mac);
  const checks = await Promise.all(
    secrets.map(async secret => isHmac(await keyOf(secret), signedBytes(expiry, nonce, order), shown)),
  );
  if (!checks.includes(true)) return 'forged';
  if (nowMs / 1000 >= Number(expiry)) return 'expired';
  const { selector, reason, asker } = orderSchema.parse(JSON.parse(order));
  return omitUndefined<PendingKillAll>({ selector, reason, asker, nonce });
}

export const createNonce = (): string => toHex(crypto.getRandomValues(new Uint8Array(16)));

/** The token as one text, for a platform that keeps one. */
export const encodeToken = ({ proof, order }: ConfirmationToken): string =>
  `${proof}.${toBase64Url(utf8(order))}`;

/** Reverses {@link encodeToken}. Any other value gives a token that {@link verifyToken} finds forged. */
export function decodeToken(text: unknown): ConfirmationToken {
  const [, proof = '', rest = ''] = typeof text === 'string' ? (/^(.+)\.([\w-]+)$/s.exec(text) ?? []) : [];
  const order = fromBase64Url(rest);
  return { proof, order: order ? new TextDecoder().decode(order) : '' };
}
