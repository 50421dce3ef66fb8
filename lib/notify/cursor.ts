import * as z from 'zod';
import type { DocumentRef, Records } from '../ports/records.js';

/** Times are epoch milliseconds. `problem` is in words that may be shown. */
const failing = { since: z.number(), attempts: z.number(), retryAt: z.number(), problem: z.string() };

const cursorSchema = z.object({
  /** Position in the audit: every event up to here was delivered, except for the dead letters. */
  position: z.string(),
  /** The lease: the process that delivers at present, alone until then. */
  holder: z.object({ id: z.string(), until: z.number() }).optional(),
  /** Set while the receiver accepts nothing. */
  failing: z.object(failing).optional(),
  /** Dead letters: events that it refuses while it accepts others. `before` is the position before the event. */
  aside: z.array(z.object({ ...failing, before: z.string() })).default([]),
});

/** How far the events of the audit were delivered to one receiver, in the store that all processes share. */
export type Cursor = Readonly<z.output<typeof cursorSchema>>;
export type FailingState = NonNullable<Cursor['failing']>;
export type DeadLetter = Cursor['aside'][number];

const documentOf = (name: string): DocumentRef => ({ kind: 'memory', id: `notify:${name}` });

/** The cursor as it was read; a write succeeds only over exactly that. */
export interface StoredCursor {
  readonly cursor: Cursor;
  /** `undefined`: another process wrote in between. */
  write(next: Cursor): Promise<StoredCursor | undefined>;
}

function pageOf(
  records: Pick<Records, 'commit'>,
  name: string,
  raw: string | null,
  cursor: Cursor,
): StoredCursor {
  return {
    cursor,
    async write(next) {
      const text = JSON.stringify(next);
      const step = { document: documentOf(name), expect: raw, next: text, audit: [] };
      const [result] = await records.commit([step]);
      return result === 'committed' ? pageOf(records, name, text, next) : undefined;
    },
  };
}

/**
 * @param start gives the position at which a new receiver begins
 * @throws KillswitchError `store_unavailable`; Error if the stored text is not a cursor
 */
export async function readCursor(
  records: Pick<Records, 'read' | 'commit'>,
  name: string,
  start: () => Promise<string>,
): Promise<StoredCursor> {
  const [raw] = await records.read([documentOf(name)]);
  if (raw !== null) return pageOf(records, name, raw ?? '', cursorSchema.parse(JSON.parse(raw ?? '')));
  const fresh = pageOf(records, name, null, { position: '', aside: [] });
  const written = await fresh.write({ position: await start(), aside: [] });
  return written ?? readCursor(records, name, start);
}
