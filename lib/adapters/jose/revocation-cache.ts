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
 * The list of revocations in a file, read each second. The last good list stays in force, whatever happens to the file. A
 * list that was cut off may look complete, so entries that disappear stay revoked unless the list has its end marker.
 * @throws Error with a sentence for the operator if the first read fails: a missing list must not go unnoticed
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
      parts.log.warn(
        { missing },
        'The list of revocations may have been cut off: its missing entries stay revoked',
      );
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
    throw new Error(
      `The list of revocations cannot be used: ${why}. Fix the file that KILLSWITCH_REVOKED names.`,
    );
  }
  return {
    current: () => kept.current() ?? first,
    async probe() {
      const { jti, sub } = kept.current() ?? first;
      const failure = kept.failure();
      const failed = failure === undefined ? '' : `; the last refresh failed: ${failure}`;
      const cut =
        missing === 0
          ? ''
          : `; ${missing} are missing in the file and stay revoked until it ends with "# end <lines>"`;
      const detail = `${jti.size} tokens and ${sub.size} subjects, confirmed ${kept.age()} s ago${cut}${failed}`;
      return { name: 'revocations', ok: failure === undefined && missing === 0, detail, aside: true };
    },
    close: kept.close,
  };
}
