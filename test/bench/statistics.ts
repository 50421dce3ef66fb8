/** The value below which a share of the samples lies, by linear interpolation (Hyndman and Fan, type 7). */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

export interface Ratio {
  readonly value: number;
  /** 95 % of what other samples of the same kind would give, by bootstrap (Efron, percentile method). */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;

/** A repeatable source, so that the same samples give the same interval (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How one quantile of some samples, the median if not told, compares with that of others. */
export function ratio(ours: readonly number[], theirs: readonly number[], share = 0.5): Ratio {
  const random = randomFrom(1);
  const again = (samples: readonly number[]): number[] =>
    samples.map(() => samples[Math.floor(random() * samples.length)] as number);
  const values = Array.from(
    { length: RESAMPLES },
    () => quantile(again(ours), share) / quantile(again(theirs), share),
  );
  return {
    value: quantile(ours, share) / quantile(theirs, share),
    low: quantile(values, 0.025),
    high: quantile(values, 0.975),
  };
}

/** The exponent b of the best y = a·x^b: 1 is linear growth. By least squares of the logarithms. */
export function exponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [meanX, meanY] = [mean(logs.map(([x]) => x)), mean(logs.map(([, y]) => y))];
  const covariance = mean(logs.map(([x, y]) => (x - meanX) * (y - meanY)));
  return covariance / mean(logs.map(([x]) => (x - meanX) ** 2));
}
