import { bothOf, isWhole, missingIn, parseRevocations, type Revocations } from '../../domain/revocation.js';
import type { Clock, Log, Probe } from '../../ports/runtime.js';
import { fileSource } from './file-source.js';
import { openRefreshingCache } from './refreshing-cache.js';
import { SourceError } from './text-source.js';

export interface RevocationCache extends Probe {
  current(): Revocations;
  close(): void;
}

function read(text: string): Revocations {
  const found = parseRevocations(text);
  if ('problem' in found) throw new SourceError(found.problem);
  return found;
}

/**
 * The list of revocations in a file, looked at each second. Once there was a good one, the last good one counts,
 * whatever becomes of the file. A list that was cut may look like a good one, so what it leaves out counts no more
 * only if the list says where it ends.
 * @throws Error in a sentence, if there is none to begin with: nobody shall count on a list that is not there
 */
export async function openRevocationCache(
  file: string,
  parts: { readonly clock: Clock; readonly log: Log },
): Promise<RevocationCache> {
  let known: Revocations | undefined;
  let missing = 0;
  function readOn(text: string): Revocations {
    const found = read(text);
    missing = known && !isWhole(text) ? missingIn(found, known) : 0;
    if (missing > 0)
      parts.log.warn({ missing }, 'The list of revocations may have been cut: what is missing counts');
    known = known && missing > 0 ? bothOf(known, found) : found;
    return known;
  }
  const kept = openRefreshingCache<Revocations>(fileSource(file), {
    ...{ clock: parts.clock, log: parts.log },
    read: readOn,
    name: 'list of revocations',
    told: ({ jti, sub }) => ({ tokens: jti.size, subjects: sub.size }),
  });
  await kept.settled();
  const first = kept.current();
  if (!first) {
    kept.close();
    const why = kept.failure() ?? 'the file cannot be read';
    throw new Error(`The list of revocations cannot be used: ${why}. Mend the file of KILLSWITCH_REVOKED.`);
  }
  return {
    current: () => kept.current() ?? first,
    async probe() {
      const { jti, sub } = kept.current() ?? first;
      const failure = kept.failure();
      const failed = failure === undefined ? '' : `; the last look failed: ${failure}`;
      const cut =
        missing === 0
          ? ''
          : `; ${missing} stand in the file no more and count until it ends with "# end <lines>"`;
      const detail = `${jti.size} tokens and ${sub.size} subjects, confirmed ${kept.age()} s ago${cut}${failed}`;
      return { name: 'revocations', ok: failure === undefined && missing === 0, detail, aside: true };
    },
    close: kept.close,
  };
}
