import type { Result } from './result.js';
import { exponent, median } from './statistics.js';

const MOST = 1.1;

export interface Growth {
  readonly line: string;
  /** Of the size, in the time that the first series takes. */
  readonly exponent: number;
  readonly isTooMuch: boolean;
}

/** How the time grows with the number of agents or files, where a run has several sizes. */
export function growth(results: readonly Result[]): Growth[] {
  const lines = new Map<string, (readonly [number, number])[]>();
  for (const { line, size, series } of results) {
    if (line === undefined || size === undefined || series[0] === undefined) continue;
    lines.set(line, [...(lines.get(line) ?? []), [size, median(series[0].samples)]]);
  }
  return [...lines]
    .filter(([, points]) => points.length > 1)
    .map(([line, points]) => {
      const power = exponent(points);
      return { line, exponent: power, isTooMuch: power > MOST };
    });
}
