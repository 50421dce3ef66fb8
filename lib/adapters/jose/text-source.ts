/** Why something cannot be had, in words that may be shown: no path, no host, nothing of the text. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** Where a text comes from that may change, and how often to look. */
export interface TextSource {
  /** @throws SourceError */
  read(signal: AbortSignal): Promise<string>;
  /** Milliseconds from one look to the next. */
  readonly everyMs: number;
  /** Milliseconds to the next look after one that failed; also the least between looks for an unknown key. */
  readonly retryMs: number;
}
