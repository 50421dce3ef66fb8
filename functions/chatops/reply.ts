import type { Sealed } from './confirmation-token.js';

/**
 * What is told in a chat. Every text in it is plain: whoever renders it escapes all of it, for names, reasons and
 * errors in it may be an agent's own words.
 */
export interface Reply {
  readonly headline: string;
  readonly lines: readonly string[];
  /** `asker`: nobody else sees it. */
  readonly to: 'channel' | 'asker';
  /** A dangerous button, and what stands on it. */
  readonly button?: { readonly label: string; readonly sealed: Sealed };
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
