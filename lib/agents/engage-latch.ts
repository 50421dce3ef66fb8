import type { Actor } from '../domain/actor.js';
import { authorize, narrow } from '../domain/authorize.js';
import { KillswitchError } from '../domain/errors.js';
import type { Selector } from '../domain/selector.js';
import { type Core, timestamp } from '../ports/core.js';
import { type Change, compareAndSet } from '../store/compare-and-set.js';
import { signText } from '../store/signed-text.js';
import { utf8 } from '../util/crypto.js';
import { isSameJson } from '../util/json-equal.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { type FoundLatch, findLatch, type Hold, LATCH, type Latch, writable } from './latch.js';
import { type LatchOrder, latchEntry } from './latch-entry.js';

/** Limits of the emergency stop's document, which is read for each agent that starts. */
export const latchLimits = {
  holds: 64,
  /** Of the whole document. */
  bytes: 65_536,
  /** The share of narrowed credentials; the rest is reserved for the others. */
  narrowed: { holds: 48, bytes: 32_768, ofOneSubject: 8 },
} as const;

const sorted = <T extends string>(values: readonly T[]): T[] => [...new Set(values)].sort();

/** A canonical form: equal for selectors that select the same agents by the same members. */
function normalized({ agentIds, status, ...rest }: Selector): Selector {
  const statuses = status === undefined ? [] : sorted([status].flat());
  return omitUndefined<Selector>({
    ...rest,
    agentIds: agentIds && sorted(agentIds),
    status: statuses.length === 1 ? statuses[0] : status && statuses,
  });
}

const isForAll = ({ selector }: Pick<Hold, 'selector'>): boolean => Object.keys(selector).length === 0;

/** Without limits the document would grow with each request and slow down every stop. */
function isTooMuch(next: readonly Hold[], text: string, { subject, within }: Actor): boolean {
  const isNarrowed = Object.keys(within).length > 0;
  const { holds, bytes } = isNarrowed ? latchLimits.narrowed : latchLimits;
  const own = next.filter(({ by }) => by === subject).length;
  return (
    next.length > holds ||
    utf8(text).byteLength > bytes ||
    (isNarrowed && own > latchLimits.narrowed.ofOneSubject)
  );
}

const full = (): KillswitchError =>
  new KillswitchError(
    'latch_full',
    'The emergency stop cannot hold another selector: engage it for every agent, or reset it',
  );

/**
 * Engages the emergency stop for the selected agents, in addition to those that it holds already. Once it resolves, none
 * of them can become active.
 * @throws KillswitchError `forbidden`, `latch_full`, `conflict`, `unreadable_record`, `store_unavailable`
 */
export async function engageLatch(core: Core, order: LatchOrder & { selector?: Selector }): Promise<Latch> {
  const { actor, operationId, reason } = order;
  authorize(actor, 'latch:engage');
  const selector = normalized(narrow(order.selector ?? {}, actor.within));
  const compute = ({ raw, latch }: FoundLatch): Change<Latch> => {
    const same = (hold: Hold): boolean => isSameJson(normalized(hold.selector), selector);
    if (latch.engaged && (latch.holds.length === 0 || latch.holds.some(same))) return { value: latch };
    const hold = omitUndefined<Hold>({
      ...{ operationId, since: timestamp(core), by: actor.subject, reason, selector },
      unverified: actor.unverified,
    });
    const next: Latch = { engaged: true, holds: [...latch.holds, hold] };
    const text = signText(core, 'latch', LATCH.id, JSON.stringify(next));
    // There is always room for the hold on every agent, which makes any other one unnecessary.
    if (!isForAll(hold) && isTooMuch(next.holds, text, actor)) {
      if (latch.holds.some(isForAll)) return { value: latch };
      throw full();
    }
    const audit = [latchEntry(core, 'ENGAGE_LATCH', order, selector)];
    return { step: { document: LATCH, expect: writable(raw), next: text, audit }, value: next };
  };
  return compareAndSet(core, () => findLatch(core), compute, 'emergency stop engaged');
}
