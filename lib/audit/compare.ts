import type { AuditLog, AuditPlace } from '../ports/audit.js';
import type { AuditKeys } from '../ports/keys.js';
import { type Checkpoint, sealEntry } from './checkpoint.js';

/** What was done to entries. `moved`: it is what was sealed elsewhere in the same stretch. */
export type Tampering = 'removed' | 'changed' | 'moved' | 'inserted';

/** Entries one after another to which the same was done. */
export interface Run {
  readonly tampering: Tampering;
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

export interface Compared {
  /** That are as they were sealed. */
  readonly held: number;
  readonly runs: readonly Run[];
}

const PAGE = 500;

/** Page by page, so that it takes no more memory however much stands there. */
export async function* placesOf(
  audit: Pick<AuditLog, 'after'>,
  from: string,
  upTo?: string,
): AsyncGenerator<readonly AuditPlace[]> {
  for (let at = from; ; ) {
    const page = await audit.after(at, PAGE, upTo);
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    at = (page.at(-1) as AuditPlace).position;
  }
}

/**
 * Compares what stands in the stretch of a checkpoint with what was sealed there.
 * @throws KillswitchError `store_unavailable`
 */
export async function compare(
  audit: Pick<AuditLog, 'after'>,
  { from, to, entries }: Checkpoint,
  keys: AuditKeys,
): Promise<Compared> {
  const places = new Map(entries.map(({ position }, index) => [position, index]));
  const digests = new Set(entries.map(entry => entry.digest));
  const runs: Run[] = [];
  let isRun = false;
  let held = 0;
  let next = 0;

  function tell(tampering: Tampering, position: string): void {
    const run = runs.at(-1);
    if (isRun && run?.tampering === tampering)
      runs[runs.length - 1] = { ...run, last: position, count: run.count + 1 };
    else runs.push({ tampering, first: position, last: position, count: 1 });
    isRun = true;
  }
  const passOver = (end: number): void => {
    for (; next < end; next++) tell('removed', entries[next]?.position ?? '');
  };

  for await (const page of from === to ? [] : placesOf(audit, from, to)) {
    for (const { position, digest } of page.map(place => sealEntry(place, keys))) {
      const index = places.get(position);
      if (index === undefined) {
        tell('inserted', position);
        continue;
      }
      passOver(index);
      next = index + 1;
      if (entries[index]?.digest === digest) {
        held += 1;
        isRun = false;
      } else tell(digests.has(digest) ? 'moved' : 'changed', position);
    }
  }
  passOver(entries.length);
  return { held, runs };
}
