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
/** A comment to those who do not know it: this is the end, and so many lines have come before. */
const END = /^\s*#\s*end\s+(\d{1,7})\s*$/i;
const LONGEST = 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those that would end or hide a line are meant
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

const linesOf = (text: string): readonly string[] => text.replace(/^\ufeff/, '').split(/\r?\n/);
const isEmpty = (line: string): boolean => /^\s*(#|$)/.test(line);

/** The lines of a list that revoke something. */
export const entriesIn = (text: string): number => linesOf(text).filter(line => !isEmpty(line)).length;

/** The line that ends a list: with fewer lines before it than it says, something was cut out. */
export const endLine = (entries: number): string => `# end ${entries}\n`;

/** Whether nothing can be missing at the end of a list that can be read: it ends by {@link endLine}. */
export const isWhole = (text: string): boolean => {
  const lines = linesOf(text).filter(line => line.trim() !== '');
  return END.test(lines.at(-1) ?? '');
};

/**
 * Reads a list of revocations: a line for each, `jti <id>` or `sub <subject>`; lines that are empty or begin with `#`
 * say nothing, but for one like `# end 2`, which says how many lines have come before it. One line that is none makes
 * the whole list invalid: it may be the one that is needed.
 */
export function parseRevocations(text: string): Revocations | { readonly problem: string } {
  const found = { jti: new Set<string>(), sub: new Set<string>() };
  let entries = 0;
  for (const [index, raw] of linesOf(text).entries()) {
    const [, ended] = END.exec(raw) ?? [];
    if (ended !== undefined && Number(ended) > entries) {
      return { problem: `line ${index + 1} ends a list of ${ended}, and there are ${entries}: it was cut` };
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

/** Those of one list and of another. */
export const bothOf = (one: Revocations, other: Revocations): Revocations => ({
  jti: new Set([...one.jti, ...other.jti]),
  sub: new Set([...one.sub, ...other.sub]),
});

/** How many of one list stand in another one no more. */
export const missingIn = (found: Revocations, before: Revocations): number =>
  [...before.jti].filter(id => !found.jti.has(id)).length +
  [...before.sub].filter(subject => !found.sub.has(subject)).length;
