import type { Figure, Series } from './result.js';

/** One of the ways that are compared. */
export interface Side {
  readonly name: string;
  /** Does it once, on agents of its own, and says how long it took, in milliseconds. */
  once(): Promise<number>;
  /** How often at most, where it takes long; it is not warmed up then. */
  readonly runs?: number;
  readonly note?: string;
}

export interface Rounds {
  readonly runs: number;
  readonly warmUps: number;
}

/** Lets the sides take turns, in another order each round, so that whatever the machine does meets all alike. */
export async function alternate(sides: readonly Side[], { runs, warmUps }: Rounds): Promise<Series[]> {
  const samples = new Map<Side, number[]>(sides.map(side => [side, []]));
  for (let round = -warmUps; round < runs; round++) {
    for (const side of shuffled(sides)) {
      const kept = samples.get(side) as number[];
      if (side.runs !== undefined && (round < 0 || kept.length >= side.runs)) continue;
      const took = await side.once();
      if (!(took > 0)) throw new Error(`${side.name} took ${took} ms: that was not measured.`);
      if (round >= 0) kept.push(took);
    }
  }
  return sides.map(side => ({
    name: side.name,
    unit: 'ms',
    samples: samples.get(side) as number[],
    ...(side.note !== undefined && { note: side.note }),
  }));
}

/** Fisher and Yates. */
function shuffled<T>(list: readonly T[]): T[] {
  const copy = [...list];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}

/** Milliseconds of a clock that all processes of the machine share. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = now();
  await work();
  return now() - start;
}

/** What was measured once, and is no time. */
export const figure = (name: string, value: number, unit: Figure['unit']): Figure => ({
  name,
  samples: [value],
  unit,
});
