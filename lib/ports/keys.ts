/** The first key signs, all verify. Synchronous, because it runs for each entry and each agent. */
export interface KeyRing {
  /** The ID of the signing key: 16 hexadecimal digits. */
  readonly id: string;
  /** HMAC-SHA256 (RFC 2104) in base64. */
  sign(text: string): string;
  /** @param id of the key claimed to have signed; `unknown`: it is not one of ours */
  check(id: string, text: string, signature: string): 'good' | 'bad' | 'unknown';
}

/** Hashes the audit and signs its checkpoints. */
export interface AuditKeys extends KeyRing {
  /** SHA-256 (FIPS 180-4) in base64; a text is hashed as UTF-8. */
  digest(data: string | Uint8Array): string;
}
