import type { Actor } from '../../lib/domain/actor.js';
import type { Selector } from '../../lib/domain/selector.js';
import { digest } from '../../lib/store/idempotency.js';
import { triggerActor } from '../../lib/triggers/api-request.js';
import { type Mapping, mapEvent } from '../../lib/triggers/event-mapping.js';
import type { Asked } from './source.js';
import { killAllOrder, killOrder, type StopOrder } from './stop-order.js';

/** Somebody whom a platform vouches for, who may stop; with `latch` also so that it stays. */
export const stopper = (subject: string, latch: boolean): Actor =>
  triggerActor(subject, ['agents:kill', 'agents:kill-all', ...(latch ? (['latch:engage'] as const) : [])]);

export const ignored = (why: string): Asked => ({ orders: [], ignored: [why] });

/** Text of an event as the reason of an order. */
export const reasonFrom = (...texts: readonly unknown[]): string | undefined =>
  texts.find((text): text is string => typeof text === 'string' && text !== '')?.slice(0, 1000);

/** Whether it holds for all agents that run: a status alone narrows nothing. */
export const isEverything = ({ agentIds, taskId, host, labels = {} }: Selector): boolean =>
  [agentIds, taskId, host].every(member => member === undefined) && Object.keys(labels).length === 0;

/** What an event comes to. */
export interface Wanted {
  readonly select: Mapping;
  readonly latch: boolean;
  readonly reason: string | undefined;
  /** What makes the delivery this one and no other: signed, and the same when it is sent again. */
  readonly identity: readonly (string | Uint8Array)[];
}

/** The order that a mapping makes of an event, or why there is none. */
export async function orderFor(
  event: unknown,
  { select, latch, reason, identity }: Wanted,
): Promise<StopOrder | string> {
  const mapped = mapEvent(select, event);
  if ('problem' in mapped) return mapped.problem;
  const { selector } = mapped;
  // Another selection, after the settings were changed, is another order.
  const key = await digest(...identity, JSON.stringify([selector, latch]));
  const words = reason === undefined ? {} : { reason };
  const { agentIds, ...rest } = selector;
  const [only] = agentIds ?? [];
  if (only !== undefined && agentIds?.length === 1 && Object.keys(rest).length === 0) {
    return killOrder(only, words, key);
  }
  return killAllOrder({ ...words, selector, ...(latch && { latch }) }, key);
}

/** Orders and refusals in words, told apart. */
export const sorted = (actor: Actor, found: readonly (StopOrder | string)[]): Asked => ({
  actor,
  orders: found.filter(one => typeof one !== 'string'),
  ignored: found.filter(one => typeof one === 'string'),
});
