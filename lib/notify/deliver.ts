import type { AuditPlace } from '../ports/audit.js';
import type { Core } from '../ports/core.js';
import { retryDelay } from '../util/backoff.js';
import { type Cursor, type DeadLetter, type FailingState, readCursor } from './cursor.js';
import type { Event } from './event.js';
import { type EventFilter, type Failure, messageId, type Receiver, SEND_WITHIN } from './receiver.js';

export interface DeliveryContext extends Pick<Core, 'records' | 'audit' | 'clock' | 'log'> {
  /** The ID of this process. */
  readonly me: string;
  readonly receiver: Receiver;
  readonly choose: EventFilter;
  /** Nothing is sent after it aborts. */
  readonly closing: AbortSignal;
  readonly count: (result: 'delivered' | 'failed' | 'aside') => void;
}

/** The result of one delivery round. */
export interface DeliveryResult {
  readonly cursor: Cursor;
  /** Time of the oldest event not delivered yet: ISO 8601. */
  readonly oldest?: string | undefined;
  /** There are more events to deliver at once. */
  readonly more: boolean;
}

interface Item {
  readonly place: AuditPlace;
  readonly event: Event | undefined;
}

const PAGE = 100;
/** Duration of the lease in milliseconds. */
const HELD = SEND_WITHIN + 2_000;
/** Milliseconds between two writes of the cursor: events since the last one are delivered twice after a crash. */
const SAVE_EVERY = 1_000;
/** About half a minute of attempts. */
const ATTEMPTS_BEFORE_DEAD_LETTER = 5;
const MAX_DEAD_LETTERS = 10;

function troubled(
  { clock }: DeliveryContext,
  before: FailingState | undefined,
  failure: Failure,
): FailingState {
  const now = clock.now();
  const attempts = (before?.attempts ?? 0) + 1;
  const retryAt = now + Math.max(retryDelay(attempts - 1), failure.retryAfterMs ?? 0);
  return { since: before?.since ?? now, attempts, retryAt, problem: failure.problem };
}

/** Never rejects: an error while making the message counts as refused. */
async function send(post: DeliveryContext, { place, event }: Item): Promise<Failure | undefined> {
  if (!event) return undefined;
  const { receiver, log, count, closing } = post;
  let failure: Failure | undefined;
  try {
    failure = await receiver.send({ id: await messageId(receiver, place), event }, closing);
  } catch (error) {
    const { position } = place;
    log.error({ err: error, receiver: receiver.name, position }, 'a notification could not be rendered');
    failure = { problem: 'it could not be rendered', refused: true };
  }
  if (!failure) count('delivered');
  else if (!closing.aborted) count('failed');
  return failure;
}

/** Sends a dead letter again. One whose event is gone or no longer wanted is dropped. */
async function resendDeadLetter(post: DeliveryContext, cursor: Cursor, one: DeadLetter): Promise<Cursor> {
  const [place] = await post.audit.after(one.before, 1);
  const event = await post.choose(place?.entry);
  const failure = place && (await send(post, { place, event }));
  if (failure && post.closing.aborted) return cursor;
  const again = failure && { ...troubled(post, one, failure), before: one.before };
  return { ...cursor, aside: cursor.aside.flatMap(other => (other === one ? (again ?? []) : other)) };
}

/** The cursor after an attempt to send an item: moved past it, or failing at it. */
function advanced(post: DeliveryContext, cursor: Cursor, { place, event }: Item, failure?: Failure): Cursor {
  const { failing, ...rest } = cursor;
  const { position } = place;
  if (!event) return { ...cursor, position };
  if (!failure) return { ...rest, position };
  const trouble = troubled(post, failing, failure);
  const isDeadLetter =
    failure.refused &&
    trouble.attempts >= ATTEMPTS_BEFORE_DEAD_LETTER &&
    cursor.aside.length < MAX_DEAD_LETTERS;
  if (!isDeadLetter) return { ...rest, failing: trouble };
  const { type, data } = event;
  const { operationId, agentId } = data;
  const told = { receiver: post.receiver.name, type, operationId, agentId, problem: failure.problem };
  post.log.error(
    told,
    'the receiver refuses a notification: it is retried later, and the next ones are sent meanwhile',
  );
  post.count('aside');
  return { ...rest, position, aside: [...cursor.aside, { ...trouble, before: cursor.position }] };
}

/**
 * Delivers one page of due events to one receiver, in the order of the audit. Does nothing while another process holds
 * the lease.
 * @throws KillswitchError `store_unavailable`
 */
export async function deliverDue(post: DeliveryContext): Promise<DeliveryResult> {
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
  // Events that are only skipped need no lease.
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
  // Not written: another process took over, because the lease had expired.
  if (!page) return look(cursor, done);
  const { holder: _, ...rest } = cursor;
  await page.write(rest);
  return look(rest, done, done === PAGE);
}
