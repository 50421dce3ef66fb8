import type { Core } from '../ports/core.js';
import type { Scan, Scanner, ScanOptions, Sighting } from '../ports/scanner.js';
import { withTimeout } from '../util/with-timeout.js';

export interface Discovery {
  readonly seen: readonly Sighting[];
  /** Why a labelled agent may run here unseen, in words that may be shown. Empty: all would have been seen. */
  readonly blind: readonly string[];
  /** How many processes of this host the user of this process may not read. */
  readonly unread: number;
}

function ask(scanner: Scanner, ms: number, options?: ScanOptions): Promise<Scan> {
  // A synchronous throw must come back like a rejection.
  const answer = Promise.resolve().then(() => scanner.scan(options));
  return withTimeout(answer, ms, () => {
    throw new Error('no answer in time');
  });
}

/** Everything that runs on this host under a label, by all scanners. Never rejects; one that hangs only counts as blind. */
export async function discover(
  { scanners, limits, log }: Pick<Core, 'scanners' | 'limits' | 'log'>,
  options?: ScanOptions,
): Promise<Discovery> {
  // Half of the response time: the other half is for stopping what is found.
  const asked = scanners.map(scanner => ask(scanner, limits.respondMs / 2, options));
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
    blind.push('a scanner does not answer');
    log.error({ err: result.reason }, 'a scanner does not answer: labelled agents may run here unseen');
  }
  return { seen, blind, unread };
}
