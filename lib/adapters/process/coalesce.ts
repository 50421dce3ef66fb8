import { setImmediate as soon } from 'node:timers/promises';
import type { Snapshot } from './table.js';

type Fresh = 'all' | ReadonlySet<number>;

/** Lets all that ask in the same tick share one look, taken after the last of them asked. */
export function coalesce(
  look: (fresh: Fresh) => Snapshot | Promise<Snapshot>,
): (fresh: Fresh) => Promise<Snapshot> {
  let asked: { fresh: 'all' | Set<number>; readonly answer: Promise<Snapshot> } | undefined;
  return fresh => {
    if (asked === undefined) {
      const answer = soon().then(() => {
        const all = asked?.fresh ?? 'all';
        asked = undefined;
        return look(all);
      });
      asked = { fresh: new Set(), answer };
    }
    if (fresh === 'all') asked.fresh = 'all';
    else if (asked.fresh !== 'all') for (const pid of fresh) asked.fresh.add(pid);
    return asked.answer;
  };
}
