/** Tokens that can never hold, whatever becomes of clocks, keys and lists: they need not be verified again. */
export interface RefusedTokens {
  has(token: string): boolean;
  add(token: string): void;
}

/** Of at most 8 KiB each. */
const MOST = 256;

/** Whole tokens and no digests: nobody can have a token that holds taken for one of them. The oldest goes first. */
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
