/** Milliseconds of a clock that all threads of this process share; `performance.now()` starts at 0 in each. */
export const monotonic = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
