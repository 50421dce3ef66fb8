import { stripInvisible } from '../util/strip-invisible.js';
import type { Escape } from './escape.js';

/**
 * The text on one line, escaped, in at most `limit` UTF-16 units. A cut is shown as `…`, and never divides a character
 * or an escape.
 * @param limit at least 1
 */
export function fitText(text: string, escapeText: Escape, limit: number): string {
  const characters = Array.from(stripInvisible(text));
  const start = (length: number): string => escapeText(characters.slice(0, length).join(''));
  if (characters.length <= limit) {
    const whole = start(characters.length);
    if (whole.length <= limit) return whole;
  }
  let fits = 0;
  let tooLong = Math.min(characters.length, limit);
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (start(middle).length < limit) fits = middle;
    else tooLong = middle;
  }
  return `${start(fits)}…`;
}

export interface LineOptions {
  readonly escapeText: Escape;
  /** UTF-16 units of all lines together. */
  readonly limit: number;
  /** Puts a fitted line into what must stand around it. */
  readonly wrap?: (line: string) => string;
}

const LONGEST_LINE = 600;
/** Room for the note that lines were left out. */
const NOTE = 40;

/** As many lines as fit, each escaped by itself; the last one says how many were left out. */
export function fitLines(
  lines: readonly string[],
  { escapeText, limit, wrap = line => line }: LineOptions,
): string {
  const shown: string[] = [];
  let left = limit;
  for (const [at, line] of lines.entries()) {
    const longest = left - wrap('').length - 1 - NOTE;
    if (longest <= 0) {
      shown.push(wrap(fitText(`and ${lines.length - at} more lines`, escapeText, NOTE)));
      break;
    }
    const text = wrap(fitText(line, escapeText, Math.min(longest, LONGEST_LINE)));
    shown.push(text);
    left -= text.length + 1;
  }
  return shown.join('\n');
}
