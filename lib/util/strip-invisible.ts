/**
 * Removes what cannot be seen, or reorders text, from untrusted text, and keeps it on one line: controls and line
 * separators become a space; format characters (bidirectional overrides, zero-width ones), lone surrogates and private
 * use disappear. Sources: Unicode categories Cc, Cf, Cs, Co, Zl, Zp; https://trojansource.codes
 */
export const stripInvisible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').replace(/[\p{Cf}\p{Cs}\p{Co}]/gu, '');
