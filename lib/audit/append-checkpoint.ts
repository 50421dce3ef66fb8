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

/** The result of one sealing round. */
export interface SealResult {
  readonly lastSeen: SeenCheckpoint | undefined;
  /** There may be more entries to seal at once. */
  readonly more: boolean;
  /** A sign of tampering or loss, in words that may be shown. */
  readonly alarm?: string;
}

/** The most entries of one checkpoint. */
const MOST = 500;

/** The end of the chain, where the next checkpoint attaches. */
interface End {
  readonly number: number;
  readonly hash: string;
  /** The position up to which everything is sealed. */
  readonly to: string;
  /** The last checkpoint that this host has seen, including this round. */
  readonly seen: SeenCheckpoint | undefined;
  /** The chain no longer contains what this host has seen: the next checkpoint makes that visible to every host. */
  readonly torn: boolean;
  readonly alarm?: string;
}

const TORN = 'the store has lost audit entries that this host has seen: run “killswitch audit verify”';
const FORGED =
  'the last checkpoint of the audit is not signed by a key known here: run “killswitch audit verify”';

/**
 * Finds the end of the chain in the store. Trusts this host's disk, and the store only where it is signed or matches what
 * this host has seen.
 */
async function findEnd(sealing: Sealing, lastSeen: SeenCheckpoint | undefined): Promise<End> {
  const { records, keys } = sealing;
  const known = lastSeen?.number ?? 0;
  const number = await lastNumber(records, known);
  const [own, next, last] = await records.read([known, known + 1, number].map(checkpointRef));
  const isStanding = hashOf(own, keys) === (lastSeen?.hash ?? '');
  const following = readCheckpoint(next, keys);
  // Another host has seen the same loss, and its checkpoint says so.
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

/** The end of the sealed part by the store's own last checkpoint: after a loss, sealed positions are reused. */
async function endOfSealed({ records, keys }: Sealing): Promise<string> {
  const [last] = await records.read([checkpointRef(await lastNumber(records, 0))]);
  const opened = readCheckpoint(last, keys);
  return opened.trust === 'good' ? opened.checkpoint.to : '';
}

/**
 * Seals the entries committed since the last checkpoint, up to one checkpoint's worth. The checkpoint is created in one
 * atomic step: of several processes one wins, and one that dies leaves it complete or absent.
 * @throws KillswitchError `store_unavailable`
 */
export async function sealDue(sealing: Sealing, lastSeen: SeenCheckpoint | undefined): Promise<SealResult> {
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
