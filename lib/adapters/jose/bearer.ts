const LIMIT = 8192;

/**
 * The token of an `Authorization` field by RFC 6750 section 2.1: the scheme in any case, then exactly one
 * `b64token`. Absent for anything else, and for a field of more than 8 KiB.
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > LIMIT) return undefined;
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
}
