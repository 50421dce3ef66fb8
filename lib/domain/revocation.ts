/** Credentials that are revoked although their signature is valid. */
export interface Revocations {
  /** Tokens, by `jti` (RFC 7519 section 4.1.7). */
  readonly jti: ReadonlySet<string>;
  /** Subjects: all their tokens are revoked, also those issued later, until the subject is taken out. */
  readonly sub: ReadonlySet<string>;
}

/** What can be revoked: the name of a claim. */
export type RevokedBy = keyof Revocations;

const LINE = /^(jti|sub)[ \t]+(\S(?:.*\S)?)[ \t]*$/;
/** The end marker, a comment to programs that do not know it, with the count of the entries before it. */
const END = /^\s*#\s*end\s+(\d{1,7})\s*$/i;
const LONGEST = 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: matches characters that would end or hide a line
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

const linesOf = (text: string): readonly string[] => text.replace(/^\ufeff/, '').split(/\r?\n/);
const isEmpty = (line: string): boolean => /^\s*(#|$)/.test(line);

/** How many lines of a list revoke something. */
export const entriesIn = (text: string): number => linesOf(text).filter(line => !isEmpty(line)).length;

/** The line that ends a list: with fewer entries before it than it says, the list was cut. */
export const endLine = (entries: number): string => `# end ${entries}\n`;

/** Whether a readable list is complete: it ends with {@link endLine}. */
export const isWhole = (text: string): boolean => {
  const lines = linesOf(text).filter(line => line.trim() !== '');
  return END.test(lines.at(-1) ?? '');
};

/**
 * Reads a list of revocations, one a line: `jti <id>` or `sub <subject>`. Empty lines and lines that begin with `#` are
 * comments, except one like `# end 2`, which counts the entries before it. An invalid line makes the whole list invalid,
 * as it may be the one that matters.
 */
export function parseRevocations(text: string): Revocations | { readonly problem: string } {
  const found = { jti: new Set<string>(), sub: new Set<string>() };
  let entries = 0;
  for (const [index, raw] of linesOf(text).entries()) {
    const [, ended] = END.exec(raw) ?? [];
    if (ended !== undefined && Number(ended) > entries) {
      return {
        problem: `line ${index + 1} ends a list of ${ended} entries, but there are ${entries}: the list was cut`,
      };
    }
    if (isEmpty(raw)) continue;
    entries += 1;
    const [, by, value = ''] = LINE.exec(raw) ?? [];
    if (by === undefined || value.length > LONGEST || CONTROL.test(value)) {
      return { problem: `line ${index + 1} is neither "jti <id>" nor "sub <subject>"` };
    }
    found[by as RevokedBy].add(value);
  }
  return found;
}

/** The line for one revocation, with its line end; `undefined` for a value that no line can hold. */
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

/** The union of two lists. */
export const bothOf = (one: Revocations, other: Revocations): Revocations => ({
  jti: new Set([...one.jti, ...other.jti]),
  sub: new Set([...one.sub, ...other.sub]),
});

/** How many entries of an earlier list are missing in a later one. */
export const missingIn = (found: Revocations, before: Revocations): number =>
  [...before.jti].filter(id => !found.jti.has(id)).length +
  [...before.sub].filter(subject => !found.sub.has(subject)).length;
