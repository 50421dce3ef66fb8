const LIMIT = 8192;

/**
 * The token of an `Authorization` field by RFC 6750 section 2.1: the scheme in any case, then exactly one
 * `b64token`. Absent for anything else, and for a field of more than 8 KiB.
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > LIMIT) return undefined;
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
}

/**
 * Whether the signature of a token is canonical base64url: the unused bits of the last character are zero (RFC 4648
 * section 3.5). Other spellings decode to the same bytes, so that one token would have several texts.
 */
export function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  if (signature.length % 4 === 2) return /[AQgw]$/.test(signature);
  return signature.length % 4 !== 3 || /[AEIMQUYcgkosw048]$/.test(signature);
}
