import type { AuditEntry } from '../../domain/audit-entry.js';
import type { AuditLog, AuditQuery } from '../../ports/audit.js';
import { parseJson } from '../../util/parse-json.js';
import { type Id, isAfter, msOf, ORIGIN, type Part, segmentsOf } from './audit-index.js';
import { type Element, type EntryRange, mergeSorted, placeOf } from './audit-places.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';
import { hashed, MANY, nameOf } from './subject.js';

const PAGE = 500;
/** Exchanges after which a page is returned as it is. */
const MOST_EXCHANGES = 20;
/** Ranges that are looked up in one exchange. */
const MOST_PLACES = 100;
/** By how much a node's clock, which stamps the entries, may be ahead of the server's, which numbers them. */
const CLOCK_SKEW_MS = 86_400_000;

/** The entry of one element of the stream; `undefined` if it is not one of ours. */
export function parse(fields: readonly string[]): AuditEntry | undefined {
  const text = fields[0] === 'entry' ? fields[1] : undefined;
  return text === undefined ? undefined : (parseJson(text) as AuditEntry | undefined);
}

function matches(entry: AuditEntry, { since, agentId, operationId }: AuditQuery): boolean {
  return (
    (agentId === undefined || entry.agentId === agentId) &&
    (operationId === undefined || entry.operationId === operationId) &&
    (since === undefined || Date.parse(entry.timestamp) >= Date.parse(since))
  );
}

/** The subject to look up: the agent if the query has one, as it has fewer entries than an operation. */
const subjectOf = ({ agentId, operationId }: AuditQuery): string | undefined =>
  agentId !== undefined
    ? nameOf('agent', agentId)
    : operationId !== undefined
      ? nameOf('operation', operationId)
      : undefined;

const startOf = ({ since }: AuditQuery): Id =>
  since === undefined ? ORIGIN : `${Math.max(0, Date.parse(since) - CLOCK_SKEW_MS)}-0`;

/** A key of another type is not our index: search without it. */
function unlessOfAnotherType(error: unknown): undefined {
  if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw error;
}

export function createSearch(link: Link, keys: Keyspace): AuditLog['search'] {
  const read = (from: string, to: string, count: number): Promise<readonly Element[]> =>
    link.call(client => client.xrange(keys.audit, from, to, 'COUNT', count));

  /** Reads the state of the index first: entries written later are after its tip, and are scanned. */
  const lookUp = (): Promise<readonly [state: readonly (string | null)[], newest: Id]> =>
    link.call(async client => {
      const [state, newest] = await Promise.all([
        client.hmget(keys.auditIndex, 'tip', 'gaps').catch(unlessOfAnotherType),
        client.xrevrange(keys.audit, '+', '-', 'COUNT', 1),
      ]);
      return [state ?? [], newest[0]?.[0] ?? ORIGIN];
    });

  /** Scans a range page by page. */
  async function* readThrough({ after, upTo }: Part): AsyncGenerator<readonly Element[]> {
    for (let from = after; isAfter(upTo, from); ) {
      const page = await read(`(${from}`, upTo, PAGE);
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      from = page.at(-1)?.[0] ?? upTo;
    }
  }

  /** The ranges in which a bucket says that a subject may be, page by page; `undefined`: it cannot be read. */
  async function* placesIn(
    bucket: string,
    isMeant: (of: string) => boolean,
    { after, upTo }: Part,
  ): AsyncGenerator<readonly EntryRange[] | undefined> {
    const key = keys.auditBucket(bucket);
    for (let from = msOf(after); ; ) {
      const page = await link.call(client =>
        client.xrange(key, from, msOf(upTo), 'COUNT', PAGE).catch(unlessOfAnotherType),
      );
      yield page?.flatMap(element => placeOf(element, isMeant));
      if (!page || page.length < PAGE) return;
      from = `(${page.at(-1)?.[0]}`;
    }
  }

  /** The elements that the index names for a subject, including others with the same hash or of the same calls. */
  async function* lookedUp(part: Part, subject: string): AsyncGenerator<readonly Element[]> {
    const { bucket, of, mark } = hashed(subject);
    const places = mergeSorted([
      placesIn(bucket, one => one === of, part),
      placesIn(MANY, marks => marks.includes(mark), part),
    ]);
    // After its deletion a stream may reuse IDs, so that two ranges name the same element.
    let last = part.after;
    for await (const some of places) {
      if (!some) return yield* readThrough({ after: last, upTo: part.upTo });
      for (let at = 0; at < some.length; at += MOST_PLACES) {
        const ranges = await link.call(client =>
          Promise.all(
            some.slice(at, at + MOST_PLACES).map(({ first, last }) => client.xrange(keys.audit, first, last)),
          ),
        );
        const page = ranges.flat().filter(([id]) => {
          if (!isAfter(id, last) || isAfter(id, part.upTo)) return false;
          last = id;
          return true;
        });
        yield page;
      }
    }
  }

  return async (query, { after, upTo, limit }) => {
    const subject = subjectOf(query);
    const [state, newest] = await lookUp();
    const end = upTo || newest;
    const start = after || startOf(query);
    const found: { position: Id; entry: AuditEntry }[] = [];
    let exchanges = 0;
    for (const segment of segmentsOf(subject === undefined ? [] : state, {
      after: start,
      upTo: end || ORIGIN,
    })) {
      const pages =
        segment.indexed && subject !== undefined ? lookedUp(segment, subject) : readThrough(segment);
      for await (const page of pages) {
        for (const [position, fields] of page) {
          const entry = parse(fields);
          if (entry === undefined || !matches(entry, query)) continue;
          if (found.push({ position, entry }) === limit) return { found, position, more: true };
        }
        const position = page.at(-1)?.[0];
        if (position !== undefined && ++exchanges >= MOST_EXCHANGES) return { found, position, more: true };
      }
    }
    return { found, position: isAfter(end, after || ORIGIN) ? end : after, more: false };
  };
}
