import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the shell tool starts, and so the names of the files that it writes. */
export const WORKERS = ['foreground', 'background', 'session', 'scrubbed'] as const;
export type Worker = (typeof WORKERS)[number];

/** Adds a line `PID number` to its file each 100 ms. Needs no environment. */
const COUNT = `#!/bin/sh
n=0
while :; do
  n=$((n + 1))
  echo "$$ $n" >>"$1"
  /bin/sleep 0.1
done
`;

/**
 * The daemons have no parent left in the tree: \`session\` is in a session of its own, and \`scrubbed\` has nothing of
 * its environment as well.
 */
const work = (count: string, counters: string): string => `#!/bin/sh
sh ${count} ${counters}/background </dev/null >/dev/null 2>&1 &
setsid -f sh ${count} ${counters}/session </dev/null >/dev/null 2>&1
env -i setsid -f /bin/sh ${count} ${counters}/scrubbed </dev/null >/dev/null 2>&1
exec sh ${count} ${counters}/foreground
`;

export interface Workload {
  /** What the shell tool is to run. */
  readonly command: string;
  /** Where the workers write. */
  readonly counters: string;
}

/** Lays out the scripts in a folder. Its path is free of blanks and quotes. */
export function writeWorkload(folder: string): Workload {
  const counters = join(folder, 'counters');
  mkdirSync(counters, { recursive: true });
  const count = join(folder, 'count.sh');
  writeFileSync(count, COUNT);
  writeFileSync(join(folder, 'work.sh'), work(count, counters));
  return { command: `sh ${folder}/work.sh`, counters };
}
