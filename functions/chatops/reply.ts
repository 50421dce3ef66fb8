import type { ConfirmationToken } from './confirmation-token.js';

/**
 * A message in a chat, not escaped yet: names, reasons and errors in it may be an agent's own words, so that a platform
 * must escape all of it.
 */
export interface Reply {
  readonly headline: string;
  readonly lines: readonly string[];
  /** `asker`: no one else sees it. */
  readonly to: 'channel' | 'asker';
  /** A red button. */
  readonly button?: { readonly label: string; readonly token: ConfirmationToken };
}

export const toChannel = (headline: string, lines: readonly string[] = []): Reply => ({
  headline,
  lines,
  to: 'channel',
});

export const toAsker = (headline: string, lines: readonly string[] = []): Reply => ({
  headline,
  lines,
  to: 'asker',
});
