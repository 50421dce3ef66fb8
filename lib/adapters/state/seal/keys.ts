import { createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { AuditKeys, KeyRing } from '../../../ports/keys.js';

const ID_BYTES = 8;
const KEY_BYTES = 32;

/** HKDF (RFC 5869) with SHA-256, without salt. `purpose` separates the keys from other uses of the secret. */
const derive = (secret: string, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes));

const signed = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** At least one; the first signs, all verify. */
type Secrets = readonly [string, ...string[]];

export const auditKeys = (secrets: Secrets): AuditKeys => ({
  ...keyRing(secrets, 'killswitch audit checkpoint'),
  digest: data => hash('sha256', data, 'base64'),
});

/** Signs stored commands and the like, and never a checkpoint of the audit. */
export const orderKeys = (secrets: Secrets): KeyRing => keyRing(secrets, 'killswitch order');

function keyRing(secrets: Secrets, purpose: string): KeyRing {
  const keys = secrets.map(secret => ({
    id: derive(secret, `${purpose} key id`, ID_BYTES).toString('hex'),
    key: derive(secret, purpose, KEY_BYTES),
  })) as [{ id: string; key: Buffer }];
  const [{ id, key: signing }] = keys;
  return {
    id,
    sign: text => signed(signing, text).toString('base64'),
    check(named, text, signature) {
      const found = keys.find(one => one.id === named);
      if (!found) return 'unknown';
      // Compared as text: Node decodes invalid or non-canonical base64 to the same bytes.
      const right = Buffer.from(signed(found.key, text).toString('base64'));
      const shown = Buffer.from(signature);
      return right.byteLength === shown.byteLength && timingSafeEqual(right, shown) ? 'good' : 'bad';
    },
  };
}
