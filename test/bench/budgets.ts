import { COMMIT_TAKES, COMMITTED } from './measurements/commit.js';
import { DURING_FLOOD, FLOODED, IDLE } from './measurements/flood.js';
import { FROZEN } from './measurements/frozen.js';
import { FIRST, ONE, SIXTY } from './measurements/kill.js';
import { SCAN } from './measurements/scan.js';
import { BARE, SETTLED } from './measurements/settled.js';
import { EDGE, IMPORT, START } from './measurements/start.js';
import { loadOf, markedOf } from './measurements/state.js';
import { worktreeOf } from './measurements/worktrees.js';
import { UNGUARDED } from './records.js';
import { type Result, seriesOf } from './result.js';
import { LONGEST } from './slowlog.js';
import { quantile, type Ratio, ratio } from './statistics.js';

/**
 * One bound. A ratio compares two series of one run; a size is no time; both are checked. A time is told only: it
 * says as much of the machine as of the program.
 */
export interface Budget {
  readonly what: string;
  readonly title: string;
  readonly ours: string;
  /** What it is compared with, under the same title unless `ofTitle` says another. */
  readonly of?: string;
  readonly ofTitle?: string;
  readonly kind: 'ratio' | 'size' | 'time';
  readonly most: number;
  /** Which of the samples; the median if absent. */
  readonly share?: number;
}

const US = 'killswitch';
const LARGE = 100_000;
const ratioOf = (what: string, title: string, of: string, most: number): Budget => ({
  ...{ what, title, ours: US, of, most, kind: 'ratio' },
});

export const budgets: readonly Budget[] = [
  ratioOf('one container dead, of the engine’s own kill', ONE, 'engine kill by API', 0.45),
  ratioOf('the first kill of a fresh process, of the engine’s own', FIRST, 'engine kill by API', 0.55),
  ratioOf('60 containers dead, of 60 concurrent engine kills', SIXTY, 'engine kill by API', 0.25),
  ratioOf('60 containers dead, of stop and remove one by one', SIXTY, 'stop, then remove, one by one', 0.04),
  ratioOf('60 agents wholly settled, of a bare docker rm -f', SETTLED, BARE, 1.15),
  {
    ...{ what: 'p99 of a kill during the flood, of the idle p99', title: FLOODED, kind: 'ratio', most: 3 },
    ...{ ours: DURING_FLOOD, of: IDLE, share: 0.99 },
  },
  {
    ...{ what: 'a worktree of 100,000 files, of one of 10 files', title: worktreeOf(LARGE), kind: 'ratio' },
    ...{ ours: US, ofTitle: worktreeOf(10), of: US, most: 2 },
  },
  ratioOf(
    'a worktree of 100,000 files, of git worktree remove',
    worktreeOf(LARGE),
    'git worktree remove --force',
    0.1,
  ),
  ratioOf('100,000 records marked, of reading and writing them unguarded', markedOf(LARGE), UNGUARDED, 6),
  ratioOf('100,000 records committed, of reading and writing them unguarded', COMMITTED, UNGUARDED, 5),
  {
    what: '100,000 records: peak memory, MB',
    title: loadOf(LARGE),
    ours: 'peak memory',
    kind: 'size',
    most: 250,
  },
  { what: 'edge bundle, gzipped, KB', title: EDGE, ours: 'worker', kind: 'size', most: 100 },
  { what: 'dockerd frozen, all dead, ms', title: FROZEN, ours: 'dockerd frozen', kind: 'time', most: 2_000 },
  {
    what: 'containerd frozen, all dead, ms',
    title: FROZEN,
    ours: 'containerd frozen',
    kind: 'time',
    most: 2_000,
  },
  { what: 'a worktree of 100,000 files, ms', title: worktreeOf(LARGE), ours: US, kind: 'time', most: 50 },
  { what: '100,000 records committed, ms', title: COMMITTED, ours: US, kind: 'time', most: 2_000 },
  {
    what: '100,000 records committed: longest command, ms',
    title: COMMIT_TAKES,
    ours: LONGEST,
    kind: 'time',
    most: 10,
  },
  {
    what: '100,000 records, the whole kill-all over HTTP, ms',
    title: markedOf(LARGE),
    ours: US,
    kind: 'time',
    most: 2_000,
  },
  {
    what: '100,000 records, the whole kill-all: longest command, ms',
    title: loadOf(LARGE),
    ours: LONGEST,
    kind: 'time',
    most: 10,
  },
  {
    what: 'p99 of other clients, ms',
    title: loadOf(LARGE),
    ours: 'p99 of other clients',
    kind: 'time',
    most: 10,
  },
  { what: 'a scan of 2,000 processes, ms', title: SCAN, ours: US, kind: 'time', most: 250 },
  { what: 'one function from import to listening, ms', title: IMPORT, ours: 'kill', kind: 'time', most: 250 },
  { what: 'the same from the start of its process, ms', title: START, ours: 'kill', kind: 'time', most: 250 },
];

export interface Judged extends Budget {
  /** Absent: not measured in this run. */
  readonly seen?: number;
  readonly interval?: Pick<Ratio, 'low' | 'high'>;
  readonly isMet: boolean;
}

/** Holds what was measured against the budgets. */
export const judge = (results: readonly Result[], list: readonly Budget[] = budgets): Judged[] =>
  list.map(budget => {
    const { title, ours, of, ofTitle = title, most, share = 0.5 } = budget;
    const own = seriesOf(results, title, ours)?.samples ?? [];
    const other = of === undefined ? undefined : (seriesOf(results, ofTitle, of)?.samples ?? []);
    if (own.length === 0 || other?.length === 0) return { ...budget, isMet: false };
    if (other === undefined) {
      const seen = quantile(own, share);
      return { ...budget, seen, isMet: seen <= most };
    }
    const { value, low, high } = ratio(own, other, share);
    return { ...budget, seen: value, interval: { low, high }, isMet: value <= most };
  });

/** One sentence for each ratio or size over its bound; of a whole run also for what was not measured. */
export const breaches = (judged: readonly Judged[], { whole }: { whole: boolean }): string[] =>
  judged
    .filter(({ kind, isMet, seen }) => kind !== 'time' && !isMet && (whole || seen !== undefined))
    .map(({ what, seen, most }) =>
      seen === undefined ? `${what}: not measured` : `${what}: ${seen.toFixed(3)}, at most ${most} allowed`,
    );
