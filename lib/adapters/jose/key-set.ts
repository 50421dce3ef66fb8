import type { JWK, LocalJWKSet } from 'jose';
import { createLocalJWKSet } from 'jose/jwks/local';
import { importJWK } from 'jose/key/import';
import * as z from 'zod';
import { parseJson } from '../../util/parse-json.js';
import { SourceError } from './text-source.js';

export interface KeySet {
  readonly size: number;
  readonly find: LocalJWKSet;
}

/** Only public keys: one that comes with its private half was published by mistake and is compromised. */
const common = {
  kid: z.string().optional(),
  use: z.literal('sig').optional(),
  key_ops: z.array(z.string()).optional(),
  d: z.undefined().optional(),
};

/**
 * The type of a key determines its algorithm; `alg` may only agree (RFC 8725 section 3.1). Importing the key checks its
 * numbers.
 */
const publicKeySchema = z.discriminatedUnion('kty', [
  z.object({ ...common, kty: z.literal('RSA'), alg: z.literal('RS256').optional() }),
  z.object({ ...common, kty: z.literal('EC'), crv: z.literal('P-256'), alg: z.literal('ES256').optional() }),
  z.object({
    ...common,
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    alg: z.enum(['EdDSA', 'Ed25519']).optional(),
  }),
]);

const algorithmOf = { RSA: 'RS256', EC: 'ES256', OKP: 'Ed25519' } as const;
export const keySetAlgorithms: readonly string[] = ['EdDSA', 'Ed25519', 'ES256', 'RS256'];

type PublicKey = JWK & { kty: keyof typeof algorithmOf };
const isPublicKey = (value: unknown): value is PublicKey => publicKeySchema.safeParse(value).success;

async function isSound(key: PublicKey): Promise<boolean> {
  try {
    const imported = await importJWK(key, key.alg ?? algorithmOf[key.kty]);
    const bits =
      'algorithm' in imported ? (imported.algorithm as { modulusLength?: number }).modulusLength : 0;
    return bits === undefined || bits >= 2048;
  } catch {
    return false;
  }
}

/**
 * Reads a JSON Web Key Set (RFC 7517 section 5), without keys of other kinds, as the RFC asks.
 * @throws SourceError if the text is not a key set, or has no usable key
 */
export async function readKeySet(text: string): Promise<KeySet> {
  const json = parseJson(text);
  if (json === undefined) throw new SourceError('it is not JSON');
  const set = z.object({ keys: z.array(z.unknown()) }).safeParse(json);
  if (!set.success) throw new SourceError('it is not a JSON Web Key Set');
  const keys: PublicKey[] = [];
  for (const candidate of set.data.keys) {
    if (isPublicKey(candidate) && (await isSound(candidate))) keys.push(candidate);
  }
  if (keys.length === 0) throw new SourceError('it holds no public key for EdDSA, ES256 or RS256');
  return { size: keys.length, find: createLocalJWKSet({ keys }) };
}
