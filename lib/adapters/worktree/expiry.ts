import { type Sweeping, sweepEntry } from './delete.js';
import { anchored } from './directory.js';
import type { EvidenceKeeper, Loose } from './evidence.js';
import { measure } from './measure.js';
import { type Found, findEntries, openEntry } from './quarantine-store/find.js';
import { sweepRoot } from './sweep.js';

interface ExpiryOptions {
  readonly sweeping: Sweeping;
  /** Real paths of the roots that answer. */
  readonly roots: () => Promise<readonly string[]>;
  readonly evidence?: EvidenceKeeper | undefined;
  /** How much all that is kept may take on the disk. */
  readonly maxBytes?: number | undefined;
}

export interface Expiry {
  /** Deletes what has been kept long enough, or is too much. @returns how many worktrees */
  expire(): Promise<number>;
  /** Waits for a sweep that is under way. */
  close(): Promise<unknown>;
}

/** For finding out how large one entry is. */
const MEASURING_MS = 60_000;

/** Something that can be deleted to make room. */
interface Kept {
  readonly at: number;
  readonly bytes: number;
  remove(): Promise<boolean>;
}

export function openExpiry({ sweeping, roots, evidence, maxBytes }: ExpiryOptions): Expiry {
  const { log, openAnchor, ttlMs, now } = sweeping;
  /** What lies in the quarantine does not change: it is measured once. */
  const sizes = new Map<string, number>();

  async function sizeOf(found: Found): Promise<number> {
    const known = sizes.get(found.path);
    if (known !== undefined || !(await sweeping.liveness.answers(found.path))) return known ?? 0;
    const anchor = openAnchor();
    try {
      const bytes = await measure(openEntry(anchor, found), MEASURING_MS);
      if (bytes !== undefined) sizes.set(found.path, bytes);
      return bytes ?? 0;
    } finally {
      anchor.release();
    }
  }

  async function sizeOfLoose({ path }: Loose): Promise<number> {
    return anchored(openAnchor, anchor => measure(anchor.open(path), MEASURING_MS)).then(bytes => bytes ?? 0);
  }

  async function removeLoose({ name }: Loose): Promise<boolean> {
    if (!(await sweeping.mayDelete(name))) return false;
    await evidence?.remove(name);
    return true;
  }

  async function all(among: readonly string[]): Promise<Kept[]> {
    const kept: Kept[] = [];
    const found = await findEntries(sweeping, among);
    for (const each of found) {
      const remove = (): Promise<boolean> => sweepEntry(sweeping, each, { early: true });
      kept.push({ at: each.at, bytes: await sizeOf(each), remove });
    }
    for (const each of evidence?.loose() ?? [])
      kept.push({ at: each.at, bytes: await sizeOfLoose(each), remove: () => removeLoose(each) });
    const paths = new Set(found.map(({ path }) => path));
    for (const path of sizes.keys()) if (!paths.has(path)) sizes.delete(path);
    return kept.sort((one, other) => one.at - other.at);
  }

  /** Deletes the oldest until the rest fits. */
  async function makeRoom(among: readonly string[], limit: number): Promise<number> {
    const kept = await all(among);
    let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    let deleted = 0;
    for (const each of kept) {
      if (total <= limit || sweeping.isClosed()) break;
      if (!(await each.remove())) continue;
      total -= each.bytes;
      deleted += 1;
    }
    if (total > limit) log.warn({ bytes: total, limit }, 'the quarantine holds more than it may');
    return deleted;
  }

  const guarded = (what: object, work: Promise<number>): Promise<number> =>
    work.catch((err: unknown) => {
      log.error({ ...what, err }, 'quarantine not swept');
      return 0;
    });

  async function sweepAll(): Promise<number> {
    const among = await roots();
    let deleted = 0;
    for (const root of among) {
      if (!sweeping.isClosed()) deleted += await guarded({ root }, sweepRoot(sweeping, root));
    }
    for (const each of evidence?.loose() ?? []) if (each.at + ttlMs <= now()) await removeLoose(each);
    if (maxBytes !== undefined && !sweeping.isClosed())
      deleted += await guarded({}, makeRoom(among, maxBytes));
    return deleted;
  }

  // One sweep at a time; who asks while one waits for its turn gets that one's result.
  let last: Promise<number> = Promise.resolve(0);
  let waiting: Promise<number> | undefined;
  function expire(): Promise<number> {
    waiting ??= last.then(() => {
      waiting = undefined;
      last = guarded({}, sweepAll());
      return last;
    });
    return waiting;
  }

  return { expire, close: () => waiting ?? last };
}
