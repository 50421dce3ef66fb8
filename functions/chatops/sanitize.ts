/**
 * Text without what cannot be seen or what reorders it: controls, format characters (bidirectional overrides,
 * zero-width ones), separators of lines, lone surrogates, private use. Sources: Unicode categories Cc, Cf, Cs, Co, Zl,
 * Zp; https://trojansource.codes
 */
export const plain = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').replace(/[\p{Cf}\p{Cs}\p{Co}]/gu, '');

/** How one character is written so that it is nothing but itself. */
export type Escape = (character: string) => string;

/**
 * The text, plain and escaped, in at most `limit` UTF-16 units; a cut is shown and never goes through an escape.
 * @param limit at least 1
 */
export function fitted(text: string, escaped: Escape, limit: number): string {
  let whole = '';
  let cut = '';
  for (const character of plain(text)) {
    whole += escaped(character);
    if (whole.length > limit) return `${cut}…`;
    if (whole.length < limit) cut = whole;
  }
  return whole;
}

/** As many lines as there is room for, each escaped by itself; the last one tells of those left out. */
export function fitLines(lines: readonly string[], { escaped, limit, wrap = line => line }: Room): string {
  const NOTE = 40;
  const kept: string[] = [];
  let left = limit;
  for (const [at, line] of lines.entries()) {
    const overhead = wrap('').length + 1;
    const most = left - overhead - NOTE;
    const text = most > 0 ? wrap(fitted(line, escaped, Math.min(most, 600))) : undefined;
    if (text === undefined) {
      kept.push(wrap(fitted(`and ${lines.length - at} more lines`, escaped, NOTE)));
      break;
    }
    kept.push(text);
    left -= text.length + 1;
  }
  return kept.join('\n');
}

interface Room {
  readonly escaped: Escape;
  readonly limit: number;
  /** What stands around a line. */
  readonly wrap?: (line: string) => string;
}
