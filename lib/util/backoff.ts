export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Milliseconds to wait after so many failures (0: `firstMs`): doubling, up to `longestMs`. */
export const backoff = (failures: number, { firstMs, longestMs }: Backoff): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20));

/** Up to a quarter more or less, so that what was started together does not stay together. */
export const jitter = (ms: number): number => ms * (0.75 + Math.random() / 2);

const RETRY: Backoff = { firstMs: 1_000, longestMs: 60_000 };

/** Milliseconds until the next attempt: doubling, capped, with jitter so that many debts do not come due at once. */
export const retryDelay = (attempts: number): number => jitter(backoff(attempts, RETRY));
