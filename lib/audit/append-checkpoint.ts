import type { AuditLog } from '../ports/audit.js';
import type { AuditKeys } from '../ports/keys.js';
import type { Records } from '../ports/records.js';
import type { Clock } from '../ports/runtime.js';
import {
  checkpointRef,
  encodeCheckpoint,
  hashOf,
  lastNumber,
  readCheckpoint,
  sealEntry,
} from './checkpoint.js';
import type { SeenCheckpoint } from './high-water-mark.js';

export interface Sealing {
  readonly records: Pick<Records, 'read' | 'commit'>;
  readonly audit: Pick<AuditLog, 'after'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly keys: AuditKeys;
}

/** What one look found and did. */
export interface Sealed {
  readonly lastSeen: SeenCheckpoint | undefined;
  /** There may be more to do at once. */
  readonly more: boolean;
  /** What cannot be by itself, in words that may be shown. */
  readonly alarm?: string;
}

/** Entries of one checkpoint. */
const MOST = 500;

/** Where the chain goes on. */
interface End {
  readonly number: number;
  readonly hash: string;
  /** The position up to which everything is sealed. */
  readonly to: string;
  /** What this host has seen by now. */
  readonly seen: SeenCheckpoint | undefined;
  /** The chain no longer holds what this host has seen: the next checkpoint makes that visible to all. */
  readonly torn: boolean;
  readonly alarm?: string;
}

const TORN = 'the store has lost what this host has seen of the audit: ask “killswitch audit verify”';
const FORGED =
  'the last checkpoint of the audit is by no key that is known here: ask “killswitch audit verify”';

/**
 * The end of the chain as the store has it. This host's disk is believed, and the store only as far as it is signed or
 * is what this host has seen.
 */
async function findEnd(sealing: Sealing, lastSeen: SeenCheckpoint | undefined): Promise<End> {
  const { records, keys } = sealing;
  const known = lastSeen?.number ?? 0;
  const number = await lastNumber(records, known);
  const [own, next, last] = await records.read([known, known + 1, number].map(checkpointRef));
  const isStanding = hashOf(own, keys) === (lastSeen?.hash ?? '');
  const following = readCheckpoint(next, keys);
  // Somebody else of this store has seen the same loss, and has said so.
  const isContinued = following.trust === 'good' && following.checkpoint.previous === lastSeen?.hash;
  const torn = lastSeen !== undefined && !isStanding && !isContinued;
  if (torn) {
    const to = await endOfSealed(sealing);
    return { number, hash: lastSeen.hash, to, torn, seen: lastSeen, alarm: TORN };
  }
  const hash = hashOf(last, keys);
  const to = lastSeen?.to ?? '';
  if (number === known) return { number, hash, to, torn, seen: lastSeen };
  const opened = readCheckpoint(last, keys);
  if (opened.trust !== 'good') return { number, hash, to, torn, seen: lastSeen, alarm: FORGED };
  const { to: end, at } = opened.checkpoint;
  return { number, hash, to: end, torn, seen: { number, hash, to: end, at } };
}

/** Up to where the store itself says that all is sealed: after a loss, places that were sealed are taken anew. */
async function endOfSealed({ records, keys }: Sealing): Promise<string> {
  const [last] = await records.read([checkpointRef(await lastNumber(records, 0))]);
  const opened = readCheckpoint(last, keys);
  return opened.trust === 'good' ? opened.checkpoint.to : '';
}

/**
 * Seals what was committed since the last checkpoint, at most so much at once. A checkpoint is made where none stands,
 * in one atomic step: of many processes one wins, and one that dies leaves it either whole or not there.
 * @throws KillswitchError `store_unavailable`
 */
export async function sealDue(sealing: Sealing, lastSeen: SeenCheckpoint | undefined): Promise<Sealed> {
  const { records, audit, clock, keys } = sealing;
  const { number: last, hash: previous, to: from, seen, torn, alarm } = await findEnd(sealing, lastSeen);
  const told = alarm === undefined ? {} : { alarm };
  const places = await audit.after(from, MOST);
  if (places.length === 0 && !torn) return { lastSeen: seen, more: false, ...told };

  const entries = places.map(place => sealEntry(place, keys));
  const number = last + 1;
  const to = entries.at(-1)?.position ?? from;
  const at = new Date(clock.now()).toISOString();
  const text = encodeCheckpoint({ number, previous, from, to, entries, at }, keys);
  const document = checkpointRef(number);
  const [result] = await records.commit([{ document, expect: null, next: text, audit: [] }]);
  if (result !== 'committed') return { lastSeen: seen, more: false, ...told };
  const made = { number, hash: hashOf(text, keys), to, at };
  return { lastSeen: made, more: places.length === MOST, ...told };
}
