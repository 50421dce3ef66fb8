/** Credentials that count no more although they are signed. */
export interface Revocations {
  /** Tokens, by `jti` (RFC 7519 section 4.1.7). */
  readonly jti: ReadonlySet<string>;
  /** Subjects, all of whose tokens are meant, those that are issued later too, until they are taken out. */
  readonly sub: ReadonlySet<string>;
}

/** What can be revoked: the name of a claim. */
export type RevokedBy = keyof Revocations;

const LINE = /^(jti|sub)[ \t]+(\S(?:.*\S)?)[ \t]*$/;
const LONGEST = 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those that would end or hide a line are meant
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * Reads a list of revocations: a line for each, `jti <id>` or `sub <subject>`; lines that are empty or begin with `#`
 * say nothing. One line that is none spoils them all: it may be the one that somebody counts on.
 */
export function parseRevocations(text: string): Revocations | { readonly problem: string } {
  const found = { jti: new Set<string>(), sub: new Set<string>() };
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(#|$)/.test(raw)) continue;
    const [, by, value = ''] = LINE.exec(raw) ?? [];
    if (by === undefined || value.length > LONGEST || CONTROL.test(value)) {
      return { problem: `line ${index + 1} is neither "jti <id>" nor "sub <subject>"` };
    }
    found[by as RevokedBy].add(value);
  }
  return found;
}

/** The line for one, with its ends; `undefined` for a value that no line can hold. */
export function revocationLine(by: RevokedBy, value: string): string | undefined {
  const line = `${by} ${value}`;
  const read = parseRevocations(line);
  return !('problem' in read) && read[by].has(value) ? `${line}\n` : undefined;
}

/** Which claim of a token is revoked, if any. */
export const revokedBy = (
  { jti, sub }: Revocations,
  claims: { readonly jti?: string | undefined; readonly sub: string },
): RevokedBy | undefined => {
  if (claims.jti !== undefined && jti.has(claims.jti)) return 'jti';
  return sub.has(claims.sub) ? 'sub' : undefined;
};
