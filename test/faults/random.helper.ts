/** Whether the long forms are asked for, which take minutes. */
export const isLong = process.env['KILLSWITCH_TEST_LONG'] === '1';

/** A source of chance that can be repeated: `KILLSWITCH_TEST_SEED` names the seed that a failed run has shown. */
export function openRandom(seed = Number(process.env['KILLSWITCH_TEST_SEED'] ?? Date.now() % 2 ** 31)) {
  let state = seed;
  /** Mulberry32: from 0 to below 1. */
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  return { seed, random, pick };
}
