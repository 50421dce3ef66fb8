import * as z from 'zod';

const MINIMUM_SECRET_BYTES = 32;

/** Refuses a PEM public key or certificate: as a shared secret, it would let everyone in. */
export const secretSchema = z
  .string()
  .refine(secret => new TextEncoder().encode(secret).length >= MINIMUM_SECRET_BYTES, {
    error: 'must have at least 32 bytes, such as from: openssl rand -base64 32',
    abort: true,
  })
  .refine(
    secret => !/^\s*-----BEGIN (?!.*PRIVATE)/.test(secret),
    'must be a random secret, not a public key or certificate (those belong into KILLSWITCH_JWKS)',
  );
