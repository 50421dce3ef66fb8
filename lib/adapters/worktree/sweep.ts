import { readdirSync } from 'node:fs';
import { type Sweeping, sweepEntry } from './delete.js';
import { anchored, pathOf, walk } from './directory.js';
import { enterOwn, isEntryName, QUARANTINE } from './quarantine.js';
import { compact, type Holder, registered } from './registry.js';
import { isGone } from './verdict.js';

const STALE_LINES = 1_000;

/** Names of the entries in one quarantine; `undefined`: there is none (any more). */
export function entriesOf(
  { openAnchor }: Sweeping,
  root: string,
  holder: Holder,
): readonly string[] | undefined {
  try {
    return anchored(openAnchor, anchor => {
      const quarantine = enterOwn(anchor, walk(anchor, anchor.open(root), holder), QUARANTINE);
      return readdirSync(quarantine.access).filter(isEntryName);
    });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isStale(sweeping: Sweeping, root: string, holder: Holder): boolean {
  try {
    return entriesOf(sweeping, root, holder) === undefined;
  } catch {
    return false;
  }
}

/** Many lines at a time, and so seldom that another process is hardly adding one in the same moment. */
function forgetStale(sweeping: Sweeping, root: string): void {
  anchored(sweeping.openAnchor, anchor => {
    const directory = anchor.open(root);
    const holders = registered(directory);
    const alive = holders.filter(holder => !isStale(sweeping, root, holder));
    if (holders.length - alive.length > STALE_LINES) compact(directory, alive);
  });
}

/** Deletes the entries of one root whose time is over. @returns how many */
export async function sweepRoot(sweeping: Sweeping, root: string): Promise<number> {
  const holders = anchored(sweeping.openAnchor, anchor => registered(anchor.open(root)));
  let deleted = 0;
  const guarded = async <T>(at: object, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      sweeping.log.error({ root, ...at, err: error }, 'quarantine not swept');
      return undefined;
    }
  };
  for (const holder of holders) {
    await new Promise(resolve => setImmediate(resolve));
    if (!(await sweeping.liveness.answers(pathOf(root, holder)))) continue;
    for (const name of (await guarded({ holder }, () => entriesOf(sweeping, root, holder))) ?? []) {
      if (sweeping.isClosed()) return deleted;
      if (await guarded({ holder, name }, () => sweepEntry(sweeping, { root, holder, name }))) deleted++;
    }
  }
  if (holders.length > STALE_LINES) forgetStale(sweeping, root);
  return deleted;
}
