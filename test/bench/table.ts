import Table from 'cli-table3';
import type { Judged } from './budgets.js';
import { growth } from './growth.js';
import { machine } from './machine.js';
import type { Result, Series } from './result.js';
import { median, quantile, ratio } from './statistics.js';

/** Three significant digits. */
export const figureOf = (value: number): string =>
  value >= 100 ? value.toFixed(0) : `${Number(value.toPrecision(3))}`;

export interface Row {
  readonly name: string;
  readonly median: string;
  readonly p99: string;
  /** Of the first: how many times as long it takes. Empty for the first itself. */
  readonly ratio: string;
  readonly samples: number;
  readonly note: string;
}

/** How the first of the series compares with each of the others. */
export const rowsOf = ({ series }: Result): Row[] =>
  series.map((one, index) => ({
    name: one.name,
    median: `${figureOf(median(one.samples))} ${one.unit}`,
    p99: one.samples.length > 1 ? `${figureOf(quantile(one.samples, 0.99))} ${one.unit}` : '',
    ratio: index === 0 ? '' : compared(series[0] as Series, one),
    samples: one.samples.length,
    note: one.note ?? '',
  }));

function compared(first: Series, other: Series): string {
  if (first.unit !== other.unit) return '';
  const { value, low, high } = ratio(first.samples, other.samples);
  const only = first.samples.length === 1 && other.samples.length === 1;
  return only ? figureOf(value) : `${figureOf(value)} (${figureOf(low)}–${figureOf(high)})`;
}

export const verdictOf = ({ seen, isMet }: Judged): string =>
  seen === undefined ? 'not measured' : isMet ? 'met' : 'over';

export const seenOf = ({ seen, interval }: Judged): string => {
  if (seen === undefined) return '';
  return interval
    ? `${figureOf(seen)} (${figureOf(interval.low)}–${figureOf(interval.high)})`
    : figureOf(seen);
};

/** For a terminal. */
export function table(results: readonly Result[], judged: readonly Judged[]): string {
  const parts = results.map(result => {
    const head = [result.title, 'median', 'p99', 'first / this', 'n', ''];
    const drawn = new Table({ head, style: { head: [], border: [], compact: true } });
    for (const row of rowsOf(result))
      drawn.push([row.name, row.median, row.p99, row.ratio, row.samples, row.note]);
    return drawn.toString();
  });
  const bounds = new Table({
    head: ['budget', 'seen', 'at most', ''],
    style: { head: [], border: [], compact: true },
  });
  for (const one of judged.filter(({ seen }) => seen !== undefined))
    bounds.push([one.what, seenOf(one), one.most, verdictOf(one)]);
  const growing = growth(results).map(
    one =>
      `${one.line}: grows with the power of ${one.exponent.toFixed(2)}${one.isTooMuch ? ', too much' : ''}`,
  );
  return `${[machine(), ...parts, bounds.toString(), ...growing].join('\n')}\n`;
}
