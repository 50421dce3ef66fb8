import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Judged } from './budgets.js';
import { growth } from './growth.js';
import { machine } from './machine.js';
import { plot } from './plot.js';
import type { Result } from './result.js';
import { rowsOf, seenOf, verdictOf } from './table.js';

const RESULTS = fileURLToPath(new URL('results.md', import.meta.url));
const PLOT = fileURLToPath(new URL('results.svg', import.meta.url));
const GUIDE = fileURLToPath(new URL('../../functions/docs/guides/benchmark.md', import.meta.url));
const BUDGETS = /(## The budgets in the latest run\n)[\s\S]*$/;

const rows = (...lines: readonly (readonly (string | number)[])[]): string =>
  lines.map(cells => `| ${cells.join(' | ')} |`).join('\n');

const kinds = { ratio: '', size: '', time: 'told, not checked' } as const;

/** The budgets as a table of Markdown. */
export const budgetTable = (judged: readonly Judged[]): string =>
  rows(
    ['budget', 'seen', 'at most', '', ''],
    ['---', '---', '---', '---', '---'],
    ...judged.map(one => [one.what, seenOf(one), one.most, verdictOf(one), kinds[one.kind]]),
  );

const resultTable = (result: Result): string =>
  rows(
    [result.title, 'median', 'p99', 'first / this', 'samples', ''],
    ['---', '---', '---', '---', '---', '---'],
    ...rowsOf(result).map(row => [row.name, row.median, row.p99, row.ratio, row.samples, row.note]),
  );

/** All of a run, as a page. */
export function pageOf(results: readonly Result[], judged: readonly Judged[]): string {
  const growing = growth(results).map(({ line, exponent, isTooMuch }) => [
    line,
    exponent.toFixed(2),
    isTooMuch ? 'too much' : '',
  ]);
  return [
    '# The latest run',
    `Made by \`npm run bench\`: ${machine()}. Ratios are of the medians, with what 95 % of other samples would give; \`first / this\` below 1 means that the first is faster. With few samples the p99 is close to the worst.`,
    '![The medians of both sides](results.svg)',
    '## Budgets',
    budgetTable(judged),
    '## How it grows',
    rows(['what', 'exponent', ''], ['---', '---', '---'], ...growing),
    '## Everything',
    ...results.map(resultTable),
    '',
  ].join('\n\n');
}

/** Writes the page, the plot and the table in the guide. */
export function writeResults(results: readonly Result[], judged: readonly Judged[]): void {
  writeFileSync(RESULTS, pageOf(results, judged).trimEnd().concat('\n'));
  writeFileSync(PLOT, plot(results));
  const headline = budgetTable(judged.filter(({ seen }) => seen !== undefined));
  const guide = readFileSync(GUIDE, 'utf8');
  writeFileSync(
    GUIDE,
    guide.replace(BUDGETS, (_, heading: string) => `${heading}\n${headline}\n`),
  );
}
