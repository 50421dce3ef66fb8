import type { AuditLog } from '../ports/audit.js';
import type { HighWaterMark } from '../ports/high-water-mark.js';
import type { AuditKeys } from '../ports/keys.js';
import type { Records } from '../ports/records.js';
import { omitUndefined } from '../util/omit-undefined.js';
import {
  type Checkpoint,
  type CheckpointReading,
  checkpointRef,
  hashOf,
  lastNumber,
  readCheckpoint,
} from './checkpoint.js';
import { type Compared, compare, placesOf } from './compare.js';
import { collectFindings, type Finding } from './finding.js';
import { readHighWaterMark, type SeenCheckpoint } from './high-water-mark.js';

/** The result of verifying the whole audit. */
export interface Verification {
  readonly intact: boolean;
  /** How many entries are as they were sealed. */
  readonly entries: number;
  /** How many checkpoints are valid with all their entries, and how many there should be. */
  readonly checkpoints: number;
  readonly checkpointsInAll: number;
  /** When the last valid one was sealed: ISO 8601. */
  readonly until?: string;
  /** How many entries come after the last checkpoint, and cannot be verified yet. */
  readonly unsealed: number;
  /** The first findings, in the order of the audit. */
  readonly findings: readonly Finding[];
  readonly findingsInAll: number;
}

interface Parts {
  readonly records: Pick<Records, 'read'>;
  readonly audit: Pick<AuditLog, 'after'>;
  readonly keys: AuditKeys;
  readonly highWaterMark: Pick<HighWaterMark, 'read'>;
}

const MOST_FINDINGS = 100;
/** Checkpoints read at a time, and the most entries compared at a time. */
const TOGETHER = 16;
const MOST_ENTRIES = 500;
const NOTHING: Compared = { held: 0, runs: [] };

interface Link {
  readonly number: number;
  /** `null`: it is missing. */
  readonly text: string | null | undefined;
  readonly hash: string;
  readonly opened: CheckpointReading;
}

function linkOf(keys: AuditKeys, number: number, text: string | null | undefined): Link {
  const found = readCheckpoint(text, keys);
  const isMisplaced = found.trust === 'good' && found.checkpoint.number !== number;
  return { number, text, hash: hashOf(text, keys), opened: isMisplaced ? { trust: 'bad' } : found };
}

const sizeOf = ({ opened }: Link): number => (opened.trust === 'good' ? opened.checkpoint.entries.length : 0);

/** Groups of checkpoints with at most {@link MOST_ENTRIES} entries together. */
function* inParts(links: readonly Link[]): Generator<readonly Link[]> {
  let part: Link[] = [];
  let size = 0;
  for (const link of links) {
    if (size + sizeOf(link) > MOST_ENTRIES) {
      yield part;
      [part, size] = [[], 0];
    }
    part.push(link);
    size += sizeOf(link);
  }
  yield part;
}

/** All checkpoints from the first to the last, missing ones included; new ones may be added meanwhile. */
async function* linksOf({ records, audit, keys }: Parts, known: number): AsyncGenerator<Link & Compared> {
  for (let last = known, next = 1; ; ) {
    last = await lastNumber(records, last);
    if (next > last) return;
    const numbers = Array.from({ length: Math.min(TOGETHER, last - next + 1) }, (_, at) => next + at);
    const texts = await records.read(numbers.map(checkpointRef));
    for (const part of inParts(numbers.map((number, at) => linkOf(keys, number, texts[at])))) {
      const compared = part.map(async (link): Promise<Link & Compared> => {
        const { opened } = link;
        return {
          ...link,
          ...(opened.trust === 'good' ? await compare(audit, opened.checkpoint, keys) : NOTHING),
        };
      });
      yield* await Promise.all(compared);
    }
    next += numbers.length;
  }
}

/** Whether it continues the checkpoint before. One that is missing or forged is reported itself, so any may follow it. */
function follows({ previous, from }: Checkpoint, before: Link | undefined): boolean {
  if (!before) return previous === '' && from === '';
  const { trust } = before.opened;
  if (trust === 'good') return previous === before.hash && from === before.opened.checkpoint.to;
  return trust !== 'unknown' || previous === before.hash;
}

function* faultsOf(
  { number, text, opened, runs }: Link & Compared,
  before: Link | undefined,
): Generator<Finding> {
  if (text === null) return yield { kind: 'checkpoint_missing', checkpoint: number };
  if (opened.trust === 'unknown')
    return yield { kind: 'checkpoint_unknown_key', checkpoint: number, key: opened.key };
  if (opened.trust !== 'good') return yield { kind: 'checkpoint_forged', checkpoint: number };
  const { at } = opened.checkpoint;
  if (!follows(opened.checkpoint, before)) yield { kind: 'checkpoint_unlinked', checkpoint: number, at };
  for (const { tampering, ...run } of runs)
    yield { kind: `entries_${tampering}`, checkpoint: number, at, ...run };
}

const behind = (kind: 'store_behind' | 'store_other', { number, at }: SeenCheckpoint): Finding => ({
  kind,
  checkpoint: number,
  at,
});

/**
 * Verifies the whole audit against its checkpoints and against what this host has seen. Trusts only what is signed. Runs
 * in constant memory.
 * @throws KillswitchError `store_unavailable`; Error if the high-water mark cannot be read
 */
export async function verifyAudit(parts: Parts): Promise<Verification> {
  const lastSeen = await readHighWaterMark(parts.highWaterMark);
  const found = collectFindings(MOST_FINDINGS);
  let before: Link | undefined;
  let [entries, checkpoints, inAll] = [0, 0, 0];
  let [to, until] = ['', undefined as string | undefined];
  for await (const link of linksOf(parts, lastSeen?.number ?? 0)) {
    const faults = [...faultsOf(link, before)];
    faults.forEach(found.tell);
    if (link.number === lastSeen?.number && link.hash !== lastSeen.hash)
      found.tell(behind(link.text === null ? 'store_behind' : 'store_other', lastSeen));
    if (link.opened.trust === 'good') {
      to = link.opened.checkpoint.to;
      entries += link.held;
      if (faults.length === 0) [checkpoints, until] = [checkpoints + 1, link.opened.checkpoint.at];
    }
    inAll += 1;
    before = link;
  }
  let unsealed = 0;
  for await (const page of placesOf(parts.audit, to)) unsealed += page.length;
  return omitUndefined<Verification>({
    ...{ intact: found.count() === 0, entries, checkpoints, checkpointsInAll: inAll, until, unsealed },
    ...{ findings: found.findings, findingsInAll: found.count() },
  });
}
