import { KillswitchError, stackless } from '../../lib/domain/errors.js';
import { networkOf } from '../../lib/util/ip-address.js';

/** Bytes of all unverified bodies that are held at a time: sixteen of the largest deliveries. */
const MOST = 16 * 1024 * 1024;
/** The share of one network, so that there is room for the others. */
const SHARE_OF_NETWORK = 1 / 4;
/**
 * Milliseconds after which a body no longer counts, longer than any request takes: some platforms drop an aborted
 * request without ending its body.
 */
const LONGEST = 30_000;

/** The bytes held for one body. */
export interface Hold {
  /** Counts received bytes. @throws KillswitchError `busy` if there is no room, or this body was dropped for another */
  add(bytes: number): void;
  /** The body is complete; from now on it is not dropped for another. */
  complete(): void;
  /** Gives the bytes back. */
  release(): void;
}

export interface BodyBudget {
  /**
   * @param source the sender's address, if known
   * @param drop stops reading the body, to make room for others
   */
  open(source: string | undefined, drop: () => void): Hold;
  readonly held: number;
}

interface Entry {
  readonly network: string;
  readonly since: number;
  readonly drop: () => void;
  bytes: number;
  isReading: boolean;
  isDropped: boolean;
}

const busy = (): KillswitchError =>
  stackless(
    () =>
      new KillswitchError(
        'busy',
        'The server is reading too many unverified requests: send it again in a second',
      ),
  );

/**
 * Bounds the bytes of request bodies that this process holds before their senders are verified. Bytes count when they
 * arrive, not when they are announced. When the budget is full, the largest body still being read is dropped: an
 * attacker needs large bodies to fill the budget, and most real deliveries are small.
 */
export function openBodyBudget({
  most = MOST,
  now = () => performance.now(),
}: {
  readonly most?: number;
  /** Milliseconds; monotonic. */
  readonly now?: () => number;
} = {}): BodyBudget {
  const entries = new Set<Entry>();
  const ofNetwork = most * SHARE_OF_NETWORK;

  const sum = (some: Iterable<Entry>): number => [...some].reduce((total, { bytes }) => total + bytes, 0);

  /** The entries of one network, or all, after expired ones are removed. */
  function taking(network?: string): Entry[] {
    const at = now();
    for (const one of entries) if (at - one.since > LONGEST) entries.delete(one);
    return [...entries].filter(one => network === undefined || one.network === network);
  }

  function makeRoom(entry: Entry, room: number, network?: string): void {
    for (;;) {
      const found = taking(network);
      if (sum(found) <= room) return;
      const reading = found.filter(({ isReading }) => isReading);
      const largest = reading.reduce((one, other) => (other.bytes > one.bytes ? other : one), entry);
      entries.delete(largest);
      largest.isDropped = true;
      if (largest === entry) throw busy();
      largest.drop();
    }
  }

  return {
    get held() {
      return sum(entries);
    },
    open(source, drop) {
      const network = source === undefined ? '' : networkOf(source);
      const entry = { network, since: now(), drop, bytes: 0, isReading: true, isDropped: false };
      entries.add(entry);
      return {
        add(bytes) {
          if (entry.isDropped) throw busy();
          entry.bytes += bytes;
          // Senders on the unix socket all have the same address, and are trusted to open it.
          if (source !== 'socket') makeRoom(entry, ofNetwork, network);
          makeRoom(entry, most);
        },
        complete() {
          if (entry.isDropped) throw busy();
          entry.isReading = false;
        },
        release: () => void entries.delete(entry),
      };
    },
  };
}

/** Shared by all apps of this process. */
export const bodyBudget = openBodyBudget();
