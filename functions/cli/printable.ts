/**
 * Text that an agent may have written, made safe to show on a terminal: controls (C0, DEL, C1, so also every ESC and
 * CSI), invisible format characters (bidirectional overrides, zero-width ones), line separators and lone surrogates
 * become visible escapes. The result can neither move the cursor nor disguise itself.
 * Sources: ECMA-48; Unicode categories Cc, Cf, Cs, Zl, Zp; https://trojansource.codes
 */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Escapes as in a JSON string, so that escaped JSON keeps its meaning. */
const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');

/** The text, cut to `length` characters with an ellipsis where it is longer. */
export const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;
