import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { RUN_MARK } from '../services/context.js';
import { type Budget, breaches, budgets, judge } from './budgets.js';
import { growth } from './growth.js';
import { alternate } from './measure.js';
import { readOptions } from './options.js';
import { plot } from './plot.js';
import type { Result, Series } from './result.js';
import { budgetTable, pageOf } from './results.js';
import { exponent, median, quantile, ratio } from './statistics.js';
import { table } from './table.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const series = (name: string, ...samples: number[]): Series => ({ name, unit: 'ms', samples });
const result = (title: string, ...all: Series[]): Result => ({ measurement: 'm', title, series: all });
const budget: Budget = { what: 'w', title: 't', ours: 'a', of: 'b', kind: 'ratio', most: 0.5 };

describe('the statistics of the benchmark', () => {
  it('give median and quantiles as they are defined', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.99)).toBeCloseTo(49.6);
    expect(median([])).toBeNaN();
  });

  it('put an interval around a ratio that holds it, and is narrow where the samples agree', () => {
    expect(ratio([1, 1, 1], [4, 4, 4])).toEqual({ value: 0.25, low: 0.25, high: 0.25 });
    const { value, low, high } = ratio([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]);
    expect(value).toBe(0.5);
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
  });

  it('find the exponent of a power law', () => {
    expect(exponent([1, 10, 100].map(x => [x, 3 * x ** 1.5]))).toBeCloseTo(1.5);
    expect(exponent([1, 10, 100].map(x => [x, 7]))).toBeCloseTo(0);
  });

  it('report what grows faster than it may', () => {
    const grown = (size: number, took: number): Result => ({
      ...result('t', series('a', took)),
      ...{ size, line: 'l' },
    });
    expect(growth([grown(1, 1), grown(10, 10)])).toMatchObject([{ line: 'l', isTooMuch: false }]);
    expect(growth([grown(1, 1), grown(10, 20)])).toMatchObject([{ isTooMuch: true }]);
    expect(growth([grown(1, 1)])).toEqual([]);
  });
});

describe('a comparison', () => {
  it('lets the sides take turns, and keeps nothing of the warm-up', async () => {
    const turns: string[] = [];
    const side = (name: string) => ({ name, once: async () => turns.push(name) });
    const sides = [side('a'), side('b'), { ...side('c'), runs: 1 }];
    const all = await alternate(sides, { runs: 3, warmUps: 2 });
    expect(all.map(({ name, samples }) => [name, samples.length])).toEqual([
      ['a', 3],
      ['b', 3],
      ['c', 1],
    ]);
    for (const round of [0, 2]) expect(turns.slice(round, round + 2).sort()).toEqual(['a', 'b']);
    expect(turns).toHaveLength(2 * 5 + 1);
  });

  it.each([0, -1, Number.NaN])('takes %s for no time, and fails', async took => {
    const side = { name: 'broken', once: async () => took };
    await expect(alternate([side], { runs: 1, warmUps: 0 })).rejects.toThrow('broken');
  });
});

describe('the budgets', () => {
  const met = [result('t', series('a', 1), series('b', 2))];
  const over = [result('t', series('a', 1.1), series('b', 2))];

  it('are met up to the bound, and told by name when a ratio or a size is over', () => {
    expect(breaches(judge(met, [budget]), { whole: true })).toEqual([]);
    expect(breaches(judge(over, [budget]), { whole: true })).toEqual(['w: 0.550, at most 0.5 allowed']);
    const size: Budget = { what: 'w', title: 't', ours: 'a', kind: 'size', most: 1 };
    expect(breaches(judge(over, [size]), { whole: true })).toEqual(['w: 1.100, at most 1 allowed']);
  });

  it('say of a time that it is over, and let it pass', () => {
    const time: Budget = { what: 'w', title: 't', ours: 'a', kind: 'time', most: 1 };
    const judged = judge(over, [time]);
    expect(judged).toMatchObject([{ seen: 1.1, isMet: false }]);
    expect(breaches(judged, { whole: true })).toEqual([]);
  });

  it('count what was not measured as a breach of a whole run alone', () => {
    const judged = judge([], [budget]);
    expect(breaches(judged, { whole: true })).toEqual(['w: not measured']);
    expect(breaches(judged, { whole: false })).toEqual([]);
  });

  it('take the quantile that they name', () => {
    const slow = [result('t', series('a', 1, 1, 9), series('b', 2, 2, 3))];
    expect(judge(slow, [{ ...budget, share: 1, most: 3 }])).toMatchObject([{ seen: 3, isMet: true }]);
  });

  it('have a bound for every row, each with a name of its own', () => {
    expect(new Set(budgets.map(({ what }) => what)).size).toBe(budgets.length);
  });
});

describe('the options', () => {
  it('name the measurements to make', () => {
    expect(readOptions(['--only', 'a,b', '--runs', '2', '--check'], ['a', 'b', 'c'])).toEqual({
      ...{ only: ['a', 'b'], runs: 2, check: true, json: false, full: false },
    });
  });

  it.each([
    [['--only', 'x'], /Unknown measurement x; there are a/],
    [['--runs', '0'], /above 0/],
    [['--runs', 'many'], /above 0/],
    [['--what'], /--what/],
  ])('refuse %j', (args, why) => {
    expect(() => readOptions(args, ['a'])).toThrow(why);
  });
});

describe('the report', () => {
  const results = [result('a & b', series('killswitch', 1, 2), series('other', 100, 200))];

  it('has the medians and the ratio, as text, as a page and as a plot that is well formed', () => {
    const judged = judge(results, [{ ...budget, title: 'a & b', ours: 'killswitch', of: 'other' }]);
    expect(table(results, judged)).toMatch(/killswitch.*1\.5 ms/);
    expect(budgetTable(judged)).toContain('| w | 0.01 (');
    expect(pageOf(results, judged)).toContain('| other | 150 ms |');
    const drawn = plot(results);
    expect(drawn).toContain('a &#38; b');
    expect(drawn.match(/<rect /g)).toHaveLength(3);
    expect(drawn).not.toContain('NaN');
  });
});

describe('npm run bench', () => {
  const bench = (...args: string[]) => {
    const { VITEST: _, [RUN_MARK]: __, ...rest } = process.env;
    const env = { ...rest, DOCKER_HOST: inject('dockerHost'), KILLSWITCH_TEST_REDIS: inject('redisUrl') };
    const command = ['--import', 'tsx', 'test/bench/main.ts', ...args];
    return run(process.execPath, command, { cwd: ROOT, env, maxBuffer: 1 << 24 });
  };

  it('really measures, and gives what it saw as JSON', { timeout: 180_000 }, async () => {
    const { stdout } = await bench('--only', 'start', '--runs', '1', '--json');
    const { results, judged } = JSON.parse(stdout) as { results: Result[]; judged: { seen?: number }[] };
    expect(results.map(({ measurement }) => measurement)).toEqual(Array(4).fill('start'));
    expect(results[0]?.series.map(({ name }) => name)).toEqual(expect.arrayContaining(['kill', 'all']));
    expect(results.flatMap(({ series: all }) => all).every(({ samples }) => (samples[0] ?? 0) > 0)).toBe(
      true,
    );
    expect(judged.filter(({ seen }) => seen !== undefined)).toHaveLength(3);
  });

  it('says what there is when it is asked for something else', async () => {
    await expect(bench('--only', 'nothing')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Unknown measurement nothing; there are start, one'),
    });
  });
});
