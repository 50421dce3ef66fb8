import { parseArgs } from 'node:util';

export interface Options {
  readonly json: boolean;
  /** Names of measurements; all if empty. */
  readonly only: readonly string[];
  readonly runs?: number;
  readonly full: boolean;
  /** Whether ratios over their budget make it fail. */
  readonly check: boolean;
}

export const USAGE = `npm run bench -- [options]
  --only <name>   one measurement, or several (again, or with commas); it writes no results
  --runs <n>      how often each side has its turn
  --check         fails if a ratio or a size is over its budget
  --full          also what takes ten minutes: 60 agents one after another
  --json          what was measured, as JSON`;

/** @throws RangeError or TypeError with a sentence for the caller */
export function readOptions(args: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string' },
      full: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  });
  const only = values.only.flatMap(names => names.split(','));
  const unknown = only.filter(name => !known.includes(name));
  if (unknown.length > 0)
    throw new RangeError(`Unknown measurement ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw new RangeError('--runs must be a whole number above 0');
  const { json, full, check } = values;
  return { json, only, full, check, ...(runs !== undefined && { runs }) };
}
