/** Of an element of a stream: milliseconds and a sequence number. */
export type Id = string;

/** Before every element. */
export const ORIGIN: Id = '0-0';

/** A part of the audit, without `after` and with `upTo`. */
export interface Part {
  readonly after: Id;
  readonly upTo: Id;
}

export interface Segment extends Part {
  /** Whether the index knows all that stands there. */
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
 * Cuts a part of the audit into what the index knows and what has to be read through: what was written before there was
 * an index, past it by an older version of this program, or after the index was asked.
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
