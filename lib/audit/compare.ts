import type { AuditLog, AuditPlace } from '../ports/audit.js';
import type { AuditKeys } from '../ports/keys.js';
import { type Checkpoint, sealEntry } from './checkpoint.js';

/** How entries were tampered with. `moved`: sealed at another place of the same section. */
export type Tampering = 'removed' | 'changed' | 'moved' | 'inserted';

/** Consecutive entries that were tampered with in the same way. */
export interface Run {
  readonly tampering: Tampering;
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

export interface Compared {
  /** How many entries are as they were sealed. */
  readonly held: number;
  readonly runs: readonly Run[];
}

const PAGE = 500;

/** Reads the audit page by page, in constant memory. */
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
 * Compares the stored entries of a checkpoint's section with those that were sealed.
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

  function note(tampering: Tampering, position: string): void {
    const run = runs.at(-1);
    if (isRun && run?.tampering === tampering)
      runs[runs.length - 1] = { ...run, last: position, count: run.count + 1 };
    else runs.push({ tampering, first: position, last: position, count: 1 });
    isRun = true;
  }
  const passOver = (end: number): void => {
    for (; next < end; next++) note('removed', entries[next]?.position ?? '');
  };

  for await (const page of from === to ? [] : placesOf(audit, from, to)) {
    for (const { position, digest } of page.map(place => sealEntry(place, keys))) {
      const index = places.get(position);
      if (index === undefined) {
        note('inserted', position);
        continue;
      }
      passOver(index);
      next = index + 1;
      if (entries[index]?.digest === digest) {
        held += 1;
        isRun = false;
      } else note(digests.has(digest) ? 'moved' : 'changed', position);
    }
  }
  passOver(entries.length);
  return { held, runs };
}
