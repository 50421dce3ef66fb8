/** Where the text of a key set comes from, and how often to look. */
export interface KeySource {
  read(signal: AbortSignal): Promise<string>;
  /** Milliseconds from one look to the next. */
  readonly everyMs: number;
  /** Milliseconds to the next look after one that failed; also the least between looks for an unknown key. */
  readonly retryMs: number;
}
