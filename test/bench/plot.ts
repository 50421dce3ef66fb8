import type { Result } from './result.js';
import { median } from './statistics.js';
import { figureOf } from './table.js';

const WIDTH = 900;
const LEFT = 330;
const RIGHT = 90;
const ROW = 20;
const GAP = 34;
const OURS = '#c0392b';
const OTHERS = '#8a99a8';

const escaped = (text: string): string => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);

/** Bars of the medians on a logarithmic scale, for each result that compares times; the first one is ours. */
export function plot(results: readonly Result[]): string {
  const compared = results.filter(
    ({ series }) => series.length > 1 && series.every(({ unit }) => unit === 'ms'),
  );
  const all = compared.flatMap(({ series }) => series.map(({ samples }) => median(samples)));
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.ceil(Math.log10(Math.max(...all)));
  const widthOf = (value: number): number =>
    ((Math.log10(value) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const parts: string[] = [];
  let y = 10;
  for (const { title, series } of compared) {
    y += GAP;
    parts.push(`<text x="10" y="${y - 8}" font-weight="bold">${escaped(title)}</text>`);
    for (const [index, { name, samples }] of series.entries()) {
      const value = median(samples);
      const width = widthOf(value).toFixed(1);
      parts.push(
        `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`,
        `<rect x="${LEFT}" y="${y + 2}" width="${width}" height="${ROW - 5}" fill="${index === 0 ? OURS : OTHERS}"/>`,
        `<text x="${LEFT + Number(width) + 6}" y="${y + 13}">${figureOf(value)} ms</text>`,
      );
      y += ROW;
    }
  }
  const height = y + 34;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>The medians of both sides</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...parts,
    `<text x="10" y="${height - 10}" fill="#555">Medians, logarithmic scale from ${10 ** low} to ${10 ** high} ms</text>`,
    '</svg>',
    '',
  ].join('\n');
}
