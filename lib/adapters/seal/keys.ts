import { createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { AuditKeys } from '../../ports.js';

const ID_BYTES = 8;
const KEY_BYTES = 32;

/** RFC 5869, with SHA-256 and without salt. A secret may serve elsewhere too: `purpose` keeps the keys apart. */
const derive = (secret: string, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes));

const signed = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** @param secrets at least one; the first signs, all verify */
export function auditKeys(secrets: readonly [string, ...string[]]): AuditKeys {
  const keys = secrets.map(secret => ({
    id: derive(secret, 'killswitch audit checkpoint key id', ID_BYTES).toString('hex'),
    key: derive(secret, 'killswitch audit checkpoint', KEY_BYTES),
  })) as [{ id: string; key: Buffer }];
  const [{ id, key: signing }] = keys;
  return {
    id,
    digest: data => hash('sha256', data, 'base64'),
    sign: text => signed(signing, text).toString('base64'),
    check(named, text, signature) {
      const found = keys.find(one => one.id === named);
      if (!found) return 'unknown';
      // As texts: of what is no base64, or base64 with idle bits, Node makes the same bytes.
      const right = Buffer.from(signed(found.key, text).toString('base64'));
      const shown = Buffer.from(signature);
      return right.byteLength === shown.byteLength && timingSafeEqual(right, shown) ? 'good' : 'bad';
    },
  };
}
