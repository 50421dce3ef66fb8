import { isStoreDown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { NotifierStatus } from '../ports/metrics.js';
import type { Health, Probe } from '../ports/runtime.js';
import { createPoller, type Poller } from '../util/poller.js';
import { type DeliveryContext, type DeliveryResult, deliverDue } from './deliver.js';
import { createEventFilter, type Receiver } from './receiver.js';

/** Delivers the events of the audit to one receiver, at least once each, without delaying a stop. */
export interface Notifier extends Probe, Poller {
  /** Delivers all due events. Never rejects. */
  look(): Promise<void>;
  status(): NotifierStatus;
  /** Aborts the message in flight; the next process sends it again. */
  close(): Promise<void>;
}

/** Milliseconds between two polls: another process may have written to the audit. */
const INTERVAL = 1_000;
/** Milliseconds after a commit, so that it does not compete with the stop that has just begun. */
const AFTER_COMMIT = 50;

type Parts = Pick<Core, 'records' | 'audit' | 'clock' | 'log' | 'newId'>;

/**
 * A transactional outbox: audit entries commit in one step with the change that they describe, so no event is sent for
 * what did not happen and none is lost, whichever process dies when. The cursor is kept in the store.
 */
export function createNotifier(core: Parts, receiver: Receiver): Notifier {
  const { records, audit, clock, log, newId } = core;
  const { name } = receiver;
  const counts = { delivered: 0, failed: 0, aside: 0 };
  const closing = new AbortController();
  const post: DeliveryContext = {
    ...{ records, audit, clock, log, receiver },
    me: newId(),
    choose: createEventFilter(receiver, records),
    closing: closing.signal,
    count: result => void counts[result]++,
  };
  let last: DeliveryResult | undefined;
  let broken = false;

  function logChange(before: DeliveryResult | undefined, now: DeliveryResult): void {
    const was = before?.cursor.failing;
    const is = now.cursor.failing;
    if (is && !was)
      log.warn(
        { receiver: name, problem: is.problem },
        'the receiver does not accept notifications; they are retried',
      );
    if (was && !is) log.info({ receiver: name }, 'the receiver accepts notifications again');
  }

  async function look(): Promise<void> {
    try {
      let found: DeliveryResult;
      do {
        found = await deliverDue(post);
        logChange(last, found);
        last = found;
      } while (found.more && !closing.signal.aborted);
      broken = false;
    } catch (error) {
      // The store's own probe reports it; the next poll continues from the cursor.
      if (isStoreDown(error)) return;
      if (!broken) log.error({ err: error, receiver: name }, 'notifications cannot be sent');
      broken = true;
    }
  }

  const rounds = createPoller({ clock, poll: look, interval: INTERVAL, afterWake: AFTER_COMMIT });

  function problem(): string | undefined {
    if (broken) return 'the delivery cursor in the store cannot be read';
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
