import { KillswitchError, stackless } from '../../lib/domain/errors.js';
import { networkOf } from '../../lib/util/ip-address.js';

/** Bytes of all that is read at a time before a signature proves who sent it: sixteen of the largest deliveries. */
const MOST = 16 * 1024 * 1024;
/** What one network may have of it, so that the others find room. */
const SHARE_OF_NETWORK = 1 / 4;
/** Milliseconds; more than a request takes. A platform may drop a request without a word, and its bytes with it. */
const LONGEST = 30_000;

/** What is held of one body. */
export interface Hold {
  /** Counts bytes that came. @throws KillswitchError `busy` where there is no room, or what is held made room for others */
  add(bytes: number): void;
  /** It came as a whole, and makes room for no other any more. */
  complete(): void;
  /** Gives back what is held. */
  release(): void;
}

export interface BodyBudget {
  /**
   * @param source an address, where it is known
   * @param drop ends the reading, so that what is held can make room for others
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
    () => new KillswitchError('busy', 'Too much is being read at the moment: send it again in a second'),
  );

/**
 * Bounds the bytes of request bodies that this process holds of senders whom it does not know yet. Bytes count as they
 * come, not as they are announced. One body more takes the place of the largest that is still being read: those who
 * fill the room send large ones, and most of what platforms send is small.
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

  /** Those that take room, of one network or all; without what was forgotten. */
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
          // By the unix socket comes only who may open it.
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

/** Of this process, however many apps it serves. */
export const bodyBudget = openBodyBudget();
