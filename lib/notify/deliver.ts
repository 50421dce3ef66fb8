import type { AuditPlace } from '../ports/audit.js';
import type { Core } from '../ports/core.js';
import { retryDelay } from '../util/backoff.js';
import { type Cursor, type DeadLetter, type FailingState, readCursor } from './cursor.js';
import type { Event } from './event.js';
import { type EventFilter, type Failure, messageId, type Receiver, SEND_WITHIN } from './receiver.js';

export interface Delivery extends Pick<Core, 'records' | 'audit' | 'clock' | 'log'> {
  /** This process. */
  readonly me: string;
  readonly receiver: Receiver;
  readonly choose: EventFilter;
  /** Nothing more is sent from then on. */
  readonly closing: AbortSignal;
  readonly count: (result: 'delivered' | 'failed' | 'aside') => void;
}

/** What one look found. */
export interface DeliveryResult {
  readonly cursor: Cursor;
  /** Of the oldest event that is yet to be told: ISO 8601. */
  readonly oldest?: string | undefined;
  /** There is more to do at once. */
  readonly more: boolean;
}

interface Item {
  readonly place: AuditPlace;
  readonly event: Event | undefined;
}

const PAGE = 100;
/** Milliseconds for which others leave it to this process. */
const HELD = SEND_WITHIN + 2_000;
/** How much may be told twice after a crash. Milliseconds. */
const SAVE_EVERY = 1_000;
/** About half a minute of attempts. */
const ATTEMPTS_BEFORE_DEAD_LETTER = 5;
const MAX_DEAD_LETTERS = 10;

function troubled({ clock }: Delivery, before: FailingState | undefined, failure: Failure): FailingState {
  const now = clock.now();
  const attempts = (before?.attempts ?? 0) + 1;
  const retryAt = now + Math.max(retryDelay(attempts - 1), failure.retryAfterMs ?? 0);
  return { since: before?.since ?? now, attempts, retryAt, problem: failure.problem };
}

/** Never rejects: what goes wrong inside is a message that cannot be made. */
async function send(post: Delivery, { place, event }: Item): Promise<Failure | undefined> {
  if (!event) return undefined;
  const { receiver, log, count, closing } = post;
  let failure: Failure | undefined;
  try {
    failure = await receiver.send({ id: await messageId(receiver, place), event }, closing);
  } catch (error) {
    const { position } = place;
    log.error({ err: error, receiver: receiver.name, position }, 'a notification could not be made');
    failure = { problem: 'it could not be made', refused: true };
  }
  if (!failure) count('delivered');
  else if (!closing.aborted) count('failed');
  return failure;
}

/** Sends once more one that was refused. One that is not there or not wanted any more is let go of. */
async function resendDeadLetter(post: Delivery, cursor: Cursor, one: DeadLetter): Promise<Cursor> {
  const [place] = await post.audit.after(one.before, 1);
  const event = await post.choose(place?.entry);
  const failure = place && (await send(post, { place, event }));
  if (failure && post.closing.aborted) return cursor;
  const again = failure && { ...troubled(post, one, failure), before: one.before };
  return { ...cursor, aside: cursor.aside.flatMap(other => (other === one ? (again ?? []) : other)) };
}

/** How far it is told after this one was sent: beyond it, or not. */
function advanced(post: Delivery, cursor: Cursor, { place, event }: Item, failure?: Failure): Cursor {
  const { failing, ...rest } = cursor;
  const { position } = place;
  if (!event) return { ...cursor, position };
  if (!failure) return { ...rest, position };
  const trouble = troubled(post, failing, failure);
  const stepsAside =
    failure.refused &&
    trouble.attempts >= ATTEMPTS_BEFORE_DEAD_LETTER &&
    cursor.aside.length < MAX_DEAD_LETTERS;
  if (!stepsAside) return { ...rest, failing: trouble };
  const { type, data } = event;
  const { operationId, agentId } = data;
  const told = { receiver: post.receiver.name, type, operationId, agentId, problem: failure.problem };
  post.log.error(told, 'a notification is refused: it goes on being tried, and others pass it');
  post.count('aside');
  return { ...rest, position, aside: [...cursor.aside, { ...trouble, before: cursor.position }] };
}

/**
 * Tells one receiver what is due, in the order of the audit, of one page. Whoever else does so already is left to it.
 * @throws KillswitchError `store_unavailable`
 */
export async function deliverDue(post: Delivery): Promise<DeliveryResult> {
  const { records, audit, clock, me, receiver, choose, closing } = post;
  const found = await readCursor(records, receiver.name, () => audit.last());
  const items: Item[] = [];
  for (const place of await audit.after(found.cursor.position, PAGE)) {
    items.push({ place, event: await choose(place.entry) });
  }
  const look = (cursor: Cursor, done: number, more = false): DeliveryResult => {
    const oldest = items.slice(done).find(({ event }) => event)?.event?.timestamp;
    return { cursor, oldest, more };
  };

  const { holder, failing, aside } = found.cursor;
  const isDue = ({ retryAt }: FailingState): boolean => retryAt <= clock.now();
  const isOthers = holder && holder.id !== me && holder.until > clock.now();
  const dueAside = aside.find(isDue);
  const due = failing && !isDue(failing) ? [] : items;
  if (isOthers || closing.aborted || (due.length === 0 && !dueAside)) return look(found.cursor, 0);

  const held = (cursor: Cursor): Cursor => ({ ...cursor, holder: { id: me, until: clock.now() + HELD } });
  // Nobody needs to be kept away from what is only passed over.
  let page = dueAside || due.some(({ event }) => event) ? await found.write(held(found.cursor)) : found;
  let cursor = page?.cursor ?? found.cursor;
  if (page && dueAside) {
    cursor = await resendDeadLetter(post, cursor, dueAside);
    page = await page.write(held(cursor));
  }
  let done = 0;
  let savedAt = clock.monotonic();
  while (page && done < due.length && !closing.aborted) {
    const item = due[done] as Item;
    const failure = await send(post, item);
    if (failure && closing.aborted) break;
    const next = advanced(post, cursor, item, failure);
    const isStuck = next.position === cursor.position;
    cursor = next;
    if (isStuck) break;
    done++;
    if (clock.monotonic() - savedAt < SAVE_EVERY) continue;
    page = await page.write(held(cursor));
    savedAt = clock.monotonic();
  }
  // Not written: somebody took over, in the belief that this process had died.
  if (!page) return look(cursor, done);
  const { holder: _, ...rest } = cursor;
  await page.write(rest);
  return look(rest, done, done === PAGE);
}
