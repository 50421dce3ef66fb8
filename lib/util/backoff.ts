const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

/** Milliseconds until the next attempt: doubling, capped, with jitter so that many debts do not come due at once. */
export const retryDelay = (attempts: number): number =>
  Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 16)) * (0.75 + Math.random() / 2);
