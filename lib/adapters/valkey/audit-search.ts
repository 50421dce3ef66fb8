import type { AuditEntry } from '../../audit.js';
import type { AuditLog, AuditQuery } from '../../ports.js';
import { type Id, isAfter, msOf, ORIGIN, type Segment, segmentsOf } from './audit-index.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';
import { hashed, nameOf } from './subject.js';

const PAGE = 500;
/** Exchanges after which a page is answered as it is. */
const MOST_EXCHANGES = 20;
/** Places that are looked up in one exchange. */
const MOST_PLACES = 100;
/** By how much a node's clock, which stamps the entries, may be ahead of the server's, which numbers them. */
const CLOCK_SKEW_MS = 86_400_000;

type Element = readonly [id: string, fields: readonly string[]];

/** The entry of one element of the stream; `undefined` for what is not ours. */
export function parse(fields: readonly string[]): AuditEntry | undefined {
  const text = fields[0] === 'entry' ? fields[1] : undefined;
  try {
    return text === undefined ? undefined : (JSON.parse(text) as AuditEntry);
  } catch {
    return undefined;
  }
}

function matches(entry: AuditEntry, { since, agentId, operationId }: AuditQuery): boolean {
  return (
    (agentId === undefined || entry.agentId === agentId) &&
    (operationId === undefined || entry.operationId === operationId) &&
    (since === undefined || Date.parse(entry.timestamp) >= Date.parse(since))
  );
}

/** What is looked up: the agent where one is asked for, as it has fewer entries than an operation. */
const subjectOf = ({ agentId, operationId }: AuditQuery): string | undefined =>
  agentId !== undefined
    ? nameOf('agent', agentId)
    : operationId !== undefined
      ? nameOf('operation', operationId)
      : undefined;

const startOf = ({ since }: AuditQuery): Id =>
  since === undefined ? ORIGIN : `${Math.max(0, Date.parse(since) - CLOCK_SKEW_MS)}-0`;

const field = (fields: readonly string[], name: string): string | undefined =>
  fields[fields.indexOf(name) + 1];

/** What holds another type is no index of ours: it is done without. */
function unlessOfAnotherType(error: unknown): undefined {
  if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw error;
}

export function openSearch(link: Link, keys: Keyspace): AuditLog['search'] {
  const read = (from: string, to: string, count: number): Promise<readonly Element[]> =>
    link.call(client => client.xrange(keys.audit, from, to, 'COUNT', count));

  /** The state of the index goes first: what is written after that lies behind its tip, and is read through. */
  const lookUp = (): Promise<readonly [state: readonly (string | null)[], newest: Id]> =>
    link.call(async client => {
      const [state, newest] = await Promise.all([
        client.hmget(keys.auditIndex, 'tip', 'gaps').catch(unlessOfAnotherType),
        client.xrevrange(keys.audit, '+', '-', 'COUNT', 1),
      ]);
      return [state ?? [], newest[0]?.[0] ?? ORIGIN];
    });

  /** Everything between two places, page by page. */
  async function* readThrough({ after, upTo }: Omit<Segment, 'indexed'>): AsyncGenerator<readonly Element[]> {
    for (let from = after; isAfter(upTo, from); ) {
      const page = await read(`(${from}`, upTo, PAGE);
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      from = page.at(-1)?.[0] ?? upTo;
    }
  }

  /** What the index says of a subject, and what shares its hash and its calls. */
  async function* lookedUp(
    { after, upTo }: Omit<Segment, 'indexed'>,
    subject: string,
  ): AsyncGenerator<readonly Element[]> {
    const { bucket, of } = hashed(subject);
    const key = keys.auditBucket(bucket);
    for (let from = msOf(after); ; ) {
      const page = await link.call(client =>
        client.xrange(key, from, msOf(upTo), 'COUNT', PAGE).catch(unlessOfAnotherType),
      );
      if (!page) return yield* readThrough({ after, upTo });
      const places = page.filter(([, fields]) => field(fields, 'of') === of);
      for (let at = 0; at < places.length; at += MOST_PLACES) {
        const part = places.slice(at, at + MOST_PLACES);
        const ranges = await link.call(client =>
          Promise.all(
            part.map(([id, fields]) => {
              const [first, last] = [field(fields, 'from'), field(fields, 'to')];
              return client.xrange(keys.audit, `${msOf(id)}-${first}`, `${msOf(id)}-${last}`);
            }),
          ),
        );
        yield ranges.flat().filter(([id]) => isAfter(id, after) && !isAfter(id, upTo));
      }
      if (page.length < PAGE) return;
      from = `(${page.at(-1)?.[0]}`;
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
