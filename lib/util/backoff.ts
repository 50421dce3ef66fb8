export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Milliseconds to wait after a number of failures (0: `firstMs`): doubling, up to `longestMs`. */
export const backoff = (failures: number, { firstMs, longestMs }: Backoff): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20));

/** Up to a quarter more or less, so that processes started together do not stay in step. */
export const jitter = (ms: number): number => ms * (0.75 + Math.random() / 2);

const RETRY: Backoff = { firstMs: 1_000, longestMs: 60_000 };

/** Milliseconds until the next attempt: doubling, capped, with jitter so that many retries do not coincide. */
export const retryDelay = (attempts: number): number => jitter(backoff(attempts, RETRY));
