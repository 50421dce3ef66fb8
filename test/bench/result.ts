/** What was seen of one of the ways. */
export interface Series {
  readonly name: string;
  readonly unit: 'ms' | 'MB' | 'KB' | '/s';
  readonly samples: readonly number[];
  /** How it was measured, where that is not plain. */
  readonly note?: string;
}

export type Figure = Series;

/** One comparison: the first of the series is ours, or the one that the others are compared with. */
export interface Result {
  /** Of the measurement, as `--only` has it. */
  readonly measurement: string;
  readonly title: string;
  readonly series: readonly Series[];
  /** How many agents or files; results of one measurement and `line` that differ in it show how it grows. */
  readonly size?: number;
  readonly line?: string;
}

export const seriesOf = (results: readonly Result[], title: string, name: string): Series | undefined =>
  results.find(result => result.title === title)?.series.find(series => series.name === name);
