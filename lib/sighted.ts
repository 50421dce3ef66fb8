import type { Core } from './core.js';
import type { Lookout, Sighting } from './ports.js';

export interface Sighted {
  readonly seen: readonly Sighting[];
  /** False: somebody did not answer, so what was not seen may be there all the same. */
  readonly complete: boolean;
}

async function ask(lookout: Lookout, ms: number): Promise<readonly Sighting[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms);
  });
  // A synchronous throw must come back like a rejection.
  const answer = Promise.resolve().then(() => lookout.sightings());
  return Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}

/** What runs on this host under a label, by everybody who can tell. Never rejects; one that is stuck keeps nobody. */
export async function lookAround({ lookouts, limits, log }: Core): Promise<Sighted> {
  // Half the time for an answer: the other half is for stopping what is seen.
  const asked = lookouts.map(lookout => ask(lookout, limits.respondMs / 2));
  const seen: Sighting[] = [];
  let complete = true;
  for (const result of await Promise.allSettled(asked)) {
    if (result.status === 'fulfilled') {
      seen.push(...result.value);
      continue;
    }
    complete = false;
    log.error({ err: result.reason }, 'a lookout does not answer');
  }
  return { seen, complete };
}
