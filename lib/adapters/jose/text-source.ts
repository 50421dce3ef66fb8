/** Why a text cannot be loaded, in words that may be shown: without path, host or content. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** A text that may change, and how often to read it. */
export interface TextSource {
  /** @throws SourceError */
  read(signal: AbortSignal): Promise<string>;
  /** Milliseconds between two reads. */
  readonly everyMs: number;
  /** Milliseconds until the next read after a failed one; also the least between two reads for an unknown key. */
  readonly retryMs: number;
}
