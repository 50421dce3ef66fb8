import { isStoreDown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { NotifierStatus } from '../ports/metrics.js';
import type { Health, Probe } from '../ports/runtime.js';
import { createPoller, type Poller } from '../util/poller.js';
import { type Delivery, type DeliveryResult, deliverDue } from './deliver.js';
import { createEventFilter, type Receiver } from './receiver.js';

/** Tells one receiver of what the audit says, at least once each, and never in the way of what it tells of. */
export interface Notifier extends Probe, Poller {
  /** Tells all that is due. Never rejects. */
  look(): Promise<void>;
  status(): NotifierStatus;
  /** Ends with the message under way, which is given up and sent again by whoever comes next. */
  close(): Promise<void>;
}

/** Milliseconds. Another process may have written. */
const INTERVAL = 1_000;
/** Out of the way of the stop that has just begun. */
const AFTER_COMMIT = 50;

type Parts = Pick<Core, 'records' | 'audit' | 'clock' | 'log' | 'newId'>;

/**
 * A consumer of the audit, which is written in one step with what it tells: so nothing is told that did not happen,
 * and nothing that happened can be forgotten, whichever process dies when. How far it has come stands in the store.
 */
export function createNotifier(core: Parts, receiver: Receiver): Notifier {
  const { records, audit, clock, log, newId } = core;
  const { name } = receiver;
  const counts = { delivered: 0, failed: 0, aside: 0 };
  const closing = new AbortController();
  const post: Delivery = {
    ...{ records, audit, clock, log, receiver },
    me: newId(),
    choose: createEventFilter(receiver, records),
    closing: closing.signal,
    count: result => void counts[result]++,
  };
  let last: DeliveryResult | undefined;
  let broken = false;

  function tellChange(before: DeliveryResult | undefined, now: DeliveryResult): void {
    const was = before?.cursor.failing;
    const is = now.cursor.failing;
    if (is && !was) log.warn({ receiver: name, problem: is.problem }, 'notifications are not taken');
    if (was && !is) log.info({ receiver: name }, 'notifications are taken again');
  }

  async function look(): Promise<void> {
    try {
      let found: DeliveryResult;
      do {
        found = await deliverDue(post);
        tellChange(last, found);
        last = found;
      } while (found.more && !closing.signal.aborted);
      broken = false;
    } catch (error) {
      // The store says so itself; the next look goes on where this one ended.
      if (isStoreDown(error)) return;
      if (!broken) log.error({ err: error, receiver: name }, 'notifications cannot be sent');
      broken = true;
    }
  }

  const rounds = createPoller({ clock, poll: look, interval: INTERVAL, afterWake: AFTER_COMMIT });

  function problem(): string | undefined {
    if (broken) return 'its place in the audit cannot be read';
    const { failing, aside = [] } = last?.cursor ?? {};
    if (failing) {
      const since = new Date(failing.since).toISOString();
      return `${failing.problem}; since ${since}, ${failing.attempts} attempts`;
    }
    if (aside[0]) return `${aside.length} refused: ${aside[0].problem}`;
    return undefined;
  }

  return {
    ...rounds,
    look,
    async probe(): Promise<Health> {
      const detail = problem();
      return { name: `notify:${name}`, ok: detail === undefined, aside: true, ...(detail && { detail }) };
    },
    status: () => ({
      name,
      delivered: counts.delivered,
      failed: counts.failed,
      aside: last?.cursor.aside.length ?? 0,
      lagSeconds: last?.oldest ? Math.max(0, (clock.now() - Date.parse(last.oldest)) / 1_000) : 0,
    }),
    async close() {
      closing.abort();
      await rounds.close();
    },
  };
}
