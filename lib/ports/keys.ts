/** Keys of which the first signs and all verify. Everything is synchronous: it is done for each entry and each agent. */
export interface KeyRing {
  /** Of the key that signs: 16 hexadecimal digits. */
  readonly id: string;
  /** HMAC-SHA256 (RFC 2104) in base64. */
  sign(text: string): string;
  /** @param id of the key that is said to have signed; `unknown`: it is not among ours */
  check(id: string, text: string, signature: string): 'good' | 'bad' | 'unknown';
}

/** What hashes the audit and signs its checkpoints. */
export interface AuditKeys extends KeyRing {
  /** SHA-256 (FIPS 180-4) in base64; of a text, of its UTF-8. */
  digest(data: string | Uint8Array): string;
}
