import { describeRef } from '../../lib/domain/sandbox.js';
import type { LeftContainer } from '../../lib/reconcile/orphans.js';
import type { Look, Swept } from '../../lib/reconcile/sweep.js';
import { isClean } from '../../lib/reconcile/sweep.js';
import { outcomeOf } from '../../lib/reconcile/sweep-records.js';
import { printable, shortened } from './printable.js';
import { ageOf, bytes } from './scan-table.js';

/** A terminal's usual width. */
const WIDTH = 80;
const HEAD = ['LEFT BY', 'PROCS', 'MEMORY', 'AGE', 'RUNS'] as const;
const NAME = 32;

type Found = Pick<Look, 'leftovers'> & { readonly containers: readonly LeftContainer[] };

/** One line for each agent that left something, of at most 80 columns; `wide`: as long as it gets, with what says so. */
export function sweepTable({ leftovers, containers }: Found, wide: boolean, now = Date.now()): string {
  const rows = [
    ...leftovers.map(({ agentId, processes, memoryBytes, oldest, evidence }) => [
      agentId,
      String(processes.length),
      bytes(memoryBytes),
      oldest === undefined ? '-' : ageOf(now - Date.parse(oldest)),
      countsOf(processes.map(({ program }) => program)),
      evidence.join('; '),
    ]),
    ...containers.map(({ agentId, status, ageMs, seen }) => [
      ...[agentId, '-', '-', ageMs === undefined ? '-' : ageOf(ageMs)],
      seen.map(describeRef).join(', '),
      `its record says ${status}`,
    ]),
  ].map(row => row.map(printable));
  if (rows.length === 0) return 'Nothing was left behind.';
  const all = [[...HEAD, 'KNOWN BY'], ...rows].map(([name = '', ...rest]) => [
    wide ? name : shortened(name, NAME),
    ...rest,
  ]);
  const widths = HEAD.map((_, at) => Math.max(...all.map(row => row[at]?.length ?? 0)));
  return all
    .map(row => {
      const line = row
        .slice(0, wide ? undefined : HEAD.length)
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd();
      return wide ? line : shortened(line, WIDTH);
    })
    .join('\n');
}

/** `node (3), sh`: the most frequent first. */
function countsOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => (count === 1 ? name : `${name} (${count})`))
    .join(', ');
}

const plural = (count: number): string => (count === 1 ? '1 process' : `${count} processes`);

/** What was left out, and what could not be seen. */
export function asideOf({ young, unsure, unread, blind }: Omit<Look, 'leftovers'>): readonly string[] {
  return [
    ...(young > 0 ? [`${plural(young)} left out: too young (--older-than).`] : []),
    ...(unsure > 0 ? [`${plural(unsure)} left out: an agent that runs may own or use them.`] : []),
    ...(unread > 0
      ? [`${plural(unread)} may not be read by this user: what ended agents left among them is not shown.`]
      : []),
    ...blind.map(one => `Could not check: ${one}.`),
  ];
}

/** What became of one agent's leftovers, in a line. */
export function sweptLine(swept: Swept): string {
  const { leftover, processes } = swept;
  const dead = processes.filter(({ outcome }) => outcome === 'dead').length;
  const head = `${leftover.agentId}: ${plural(dead)} ended`;
  if (isClean(swept)) return head;
  const left = processes.filter(({ outcome }) => outcome !== 'dead' && outcome !== 'gone');
  const pids = left.map(({ pid }) => pid).join(', ');
  return `${head}; NOT ENDED: ${outcomeOf(swept).detail}${pids === '' ? '' : ` (PID ${pids})`}`;
}
