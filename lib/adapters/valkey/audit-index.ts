/** Of an element of a stream: milliseconds and a sequence number. */
export type Id = string;

/** Before every element. */
export const ORIGIN: Id = '0-0';

/** A range of the audit, exclusive of `after` and inclusive of `upTo`. */
export interface Part {
  readonly after: Id;
  readonly upTo: Id;
}

export interface Segment extends Part {
  /** Whether the index covers it. */
  readonly indexed: boolean;
}

export const msOf = (id: Id): string => id.split('-', 1)[0] ?? '';

const partsOf = (id: Id): readonly [ms: bigint, seq: bigint] => {
  const [ms = '0', seq = '0'] = id.split('-');
  return [BigInt(ms), BigInt(seq)];
};

export function isAfter(one: Id, other: Id): boolean {
  const [[ms, seq], [otherMs, otherSeq]] = [partsOf(one), partsOf(other)];
  return ms === otherMs ? seq > otherSeq : ms > otherMs;
}

const later = (one: Id, other: Id): Id => (isAfter(one, other) ? one : other);
const earlier = (one: Id, other: Id): Id => (isAfter(one, other) ? other : one);

/**
 * Splits a range of the audit into what the index covers and what must be scanned: entries written before there was an
 * index, by an older version of this program, or after the index was read.
 * @param state `tip` and `gaps` as lua/commit.lua keeps them
 */
export function segmentsOf(
  [tip, gaps]: readonly (string | null | undefined)[],
  { after, upTo }: Part,
): readonly Segment[] {
  const segments: Segment[] = [];
  let at = after;
  const go = (to: Id, indexed: boolean): void => {
    const end = earlier(to, upTo);
    if (!isAfter(end, at)) return;
    segments.push({ after: at, upTo: end, indexed });
    at = end;
  };
  for (const gap of gaps ? gaps.split(',') : []) {
    const [from = ORIGIN, to = ORIGIN] = gap.split(' ');
    go(from, true);
    go(to, false);
  }
  go(tip ? later(tip, at) : at, true);
  go(upTo, false);
  return segments;
}
