import { provide } from '../services/context.js';
import { endAll } from '../services/registry.js';
import setup from '../services/setup.js';
import type { Bench } from './bench.js';
import { breaches, judge } from './budgets.js';
import { measurements } from './measurements.js';
import { type Options, readOptions, USAGE } from './options.js';
import type { Result } from './result.js';
import { writeResults } from './results.js';
import { table } from './table.js';
import { openWatch } from './watch.js';

const FAILED = 1;
const USED_WRONGLY = 2;

/** The command. @returns the exit code */
export async function openBench(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(
      args,
      measurements.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return USED_WRONGLY;
  }
  const stop = await setup({ provide });
  try {
    const { results, failed } = await measure(options);
    const judged = judge(results);
    process.stdout.write(options.json ? `${JSON.stringify({ results, judged })}\n` : table(results, judged));
    if (failed) return FAILED;
    if (options.only.length === 0 && options.runs === undefined) writeResults(results, judged);
    const over = breaches(judged, { whole: options.only.length === 0 });
    if (!options.check || over.length === 0) return 0;
    for (const sentence of over) process.stderr.write(`${sentence}\n`);
    return FAILED;
  } finally {
    await endAll();
    await stop();
  }
}

/** A measurement that fails is told, and keeps none of the others from being shown. */
async function measure({ only, runs, full }: Options): Promise<{ results: Result[]; failed: boolean }> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const bench: Bench = { runs: most => runs ?? most, full, watch: await openWatch(), tell };
  const chosen = measurements.filter(({ name }) => only.length === 0 || only.includes(name));
  const results: Result[] = [];
  let failed = false;
  for (const { name, about, run } of chosen) {
    const startedAt = performance.now();
    tell(`${name}: ${about}`);
    try {
      results.push(...(await run(bench)));
    } catch (error) {
      failed = true;
      tell(`${name}: ${(error as Error).stack}`);
    }
    tell(`${name}: ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  }
  return { results, failed };
}
