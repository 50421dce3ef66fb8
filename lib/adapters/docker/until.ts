import { setTimeout as delay, setImmediate as endOfTick } from 'node:timers/promises';

const LONGEST_PAUSE_MS = 20;

/** Polls a condition, from the end of this tick on. Resolves to false if it did not hold in time. */
export async function until(
  isSo: () => boolean,
  { withinMs, signal }: { withinMs: number; signal: AbortSignal },
): Promise<boolean> {
  const end = performance.now() + withinMs;
  await endOfTick();
  for (let pause = 1; !isSo(); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    if (signal.aborted || performance.now() > end) return false;
    await delay(pause);
  }
  return true;
}
