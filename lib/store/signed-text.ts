import type { KeyRing } from '../ports/keys.js';

/** Stored texts that run later as commands, or block agents. A signature is valid for one kind and one ID only. */
export type SignedKind = 'intent' | 'latch' | 'tombstone' | 'reset';

/** Without a key, nothing is signed and no signature is valid. */
export interface Signing {
  readonly orderKeys?: KeyRing | undefined;
}

const MAC = /,"mac":"([0-9a-f]{16})\.([A-Za-z0-9+/]{43}=)"\}$/;

const framed = (kind: SignedKind, id: string, text: string): string => `${kind}:${id.length}:${id}:${text}`;

/**
 * Appends a member `mac` to a JSON object: the ID of the key, and HMAC-SHA256 over the kind, the ID and the exact text
 * without that member.
 * @param text as `JSON.stringify` writes it, with at least one member
 */
export function signText({ orderKeys }: Signing, kind: SignedKind, id: string, text: string): string {
  if (!orderKeys) return text;
  return `${text.slice(0, -1)},"mac":"${orderKeys.id}.${orderKeys.sign(framed(kind, id, text))}"}`;
}

/** A text without its signature, and whether the signature is valid and ours. */
export interface SignedText {
  readonly text: string;
  readonly isOurs: boolean;
}

export function readSigned({ orderKeys }: Signing, kind: SignedKind, id: string, raw: string): SignedText {
  const found = MAC.exec(raw);
  if (!found) return { text: raw, isOurs: false };
  const [, keyId = '', signature = ''] = found;
  const text = `${raw.slice(0, found.index)}}`;
  return { text, isOurs: orderKeys?.check(keyId, framed(kind, id, text), signature) === 'good' };
}
