import type { Core } from '../ports/core.js';
import type { Detector, Scan, Sighting } from '../ports/detector.js';
import { withTimeout } from '../util/with-timeout.js';

export interface Discovery {
  readonly seen: readonly Sighting[];
  /** Why a labelled agent may run here unseen, in words that may be shown. Empty: all would have been seen. */
  readonly blind: readonly string[];
  /** How many processes of this host the user of this process may not read. */
  readonly unread: number;
}

function ask(detector: Detector, ms: number): Promise<Scan> {
  // A synchronous throw must come back like a rejection.
  const answer = Promise.resolve().then(() => detector.scan());
  return withTimeout(answer, ms, () => {
    throw new Error('no answer in time');
  });
}

/** Everything that runs on this host under a label, by all detectors. Never rejects; one that hangs only counts as blind. */
export async function discover({
  detectors,
  limits,
  log,
}: Pick<Core, 'detectors' | 'limits' | 'log'>): Promise<Discovery> {
  // Half of the response time: the other half is for stopping what is found.
  const asked = detectors.map(detector => ask(detector, limits.respondMs / 2));
  const seen: Sighting[] = [];
  const blind: string[] = [];
  let unread = 0;
  for (const result of await Promise.allSettled(asked)) {
    if (result.status === 'fulfilled') {
      seen.push(...result.value.seen);
      if (result.value.blind !== undefined) blind.push(result.value.blind);
      unread += result.value.unread ?? 0;
      continue;
    }
    blind.push('a detector does not answer');
    log.error({ err: result.reason }, 'a detector does not answer: labelled agents may run here unseen');
  }
  return { seen, blind, unread };
}
