/** Cache of tokens that can never become valid, so that they need not be verified again. */
export interface RefusedTokens {
  has(token: string): boolean;
  add(token: string): void;
}

/** Tokens kept, of at most 8 KiB each. */
const MOST = 256;

/** Keeps whole tokens, not digests, so that no valid token can collide with one. Drops the oldest first. */
export function createRefusedTokens(most = MOST): RefusedTokens {
  const tokens = new Set<string>();
  return {
    has: token => tokens.has(token),
    add(token) {
      tokens.add(token);
      const [oldest] = tokens;
      if (tokens.size > most && oldest !== undefined) tokens.delete(oldest);
    },
  };
}
