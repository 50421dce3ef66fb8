import type { Actor } from '../../lib/domain/actor.js';
import type { Selector } from '../../lib/domain/selector.js';
import { digest } from '../../lib/store/idempotency.js';
import { triggerActor } from '../../lib/triggers/api-request.js';
import { type Mapping, mapEvent } from '../../lib/triggers/event-mapping.js';
import type { ParsedDelivery } from './source.js';
import { killAllOrder, killOrder, type StopOrder } from './stop-order.js';

/** An actor that a platform vouches for. It may stop agents; with `latch` it may also engage the emergency stop. */
export const stopper = (subject: string, latch: boolean): Actor =>
  triggerActor(subject, ['agents:kill', 'agents:kill-all', ...(latch ? (['latch:engage'] as const) : [])]);

export const ignored = (why: string): ParsedDelivery => ({ orders: [], ignored: [why] });

/** The first text that is not empty, as the reason of an order. */
export const reasonFrom = (...texts: readonly unknown[]): string | undefined =>
  texts.find((text): text is string => typeof text === 'string' && text !== '')?.slice(0, 1000);

/** Whether it selects every active agent. A status alone does not narrow it. */
export const isEverything = ({ agentIds, taskId, host, labels = {} }: Selector): boolean =>
  [agentIds, taskId, host].every(member => member === undefined) && Object.keys(labels).length === 0;

/** What an order is made of, beside the event. */
export interface OrderParts {
  readonly select: Mapping;
  readonly latch: boolean;
  readonly reason: string | undefined;
  /** Identifies the delivery: signed, and the same when it is sent again. */
  readonly identity: readonly (string | Uint8Array)[];
}

/** Maps an event to an order. @returns a sentence if there is none */
export async function orderFor(
  event: unknown,
  { select, latch, reason, identity }: OrderParts,
): Promise<StopOrder | string> {
  const mapped = mapEvent(select, event);
  if ('problem' in mapped) return mapped.problem;
  const { selector } = mapped;
  // After a change of the settings the same event may select other agents, which is another order.
  const key = await digest(...identity, JSON.stringify([selector, latch]));
  const words = reason === undefined ? {} : { reason };
  const { agentIds, ...rest } = selector;
  const [only] = agentIds ?? [];
  if (only !== undefined && agentIds?.length === 1 && Object.keys(rest).length === 0) {
    return killOrder(only, words, key);
  }
  return killAllOrder({ ...words, selector, ...(latch && { latch }) }, key);
}

/** Separates the orders from the reasons, which are strings. */
export const collected = (actor: Actor, found: readonly (StopOrder | string)[]): ParsedDelivery => ({
  actor,
  orders: found.filter(one => typeof one !== 'string'),
  ignored: found.filter(one => typeof one === 'string'),
});
