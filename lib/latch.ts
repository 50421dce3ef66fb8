import * as z from 'zod';
import type { Agent } from './agent.js';
import { type AuditEntry, by } from './audit.js';
import { authorize, narrow } from './authorize.js';
import { type Change, change } from './change.js';
import { type Actor, type Selector, selectorSchema } from './command.js';
import { type Core, timestamp } from './core.js';
import { KillswitchError } from './errors.js';
import type { DocumentRef } from './ports.js';
import { present } from './present.js';
import { isSameJson } from './same-json.js';
import { matches } from './select.js';

/** One reason for which the emergency stop is engaged, and for whom. */
export interface Hold {
  readonly operationId: string;
  /** ISO 8601. */
  readonly since: string;
  readonly by: string;
  readonly reason?: string;
  /** Empty: every agent. */
  readonly selector: Selector;
}

const textSchema = z.object({
  holds: z
    .array(
      z.object({
        operationId: z.string(),
        since: z.iso.datetime(),
        by: z.string(),
        reason: z.string().optional(),
        selector: selectorSchema,
      }),
    )
    .min(1),
});

/** Who is kept from running. Without holds while engaged: its text cannot be read, so everybody is. */
export interface Latch {
  readonly engaged: boolean;
  readonly holds: readonly Hold[];
}

/** The latch as it stands in the store, with the exact text that a compare-and-set needs. */
export interface LatchFound {
  readonly raw: string | null | undefined;
  readonly latch: Latch;
}

export const LATCH: DocumentRef = { kind: 'latch', id: '' };
const OPEN: Latch = { engaged: false, holds: [] };

function parse(raw: string | null | undefined): Latch {
  if (raw === null) return OPEN;
  try {
    const { holds } = textSchema.parse(JSON.parse(raw ?? ''));
    return { engaged: true, holds: holds.map(hold => present<Hold>(hold)) };
  } catch {
    // What cannot be read must not let anything run.
    return { engaged: true, holds: [] };
  }
}

export async function findLatch({ records }: Pick<Core, 'records'>): Promise<LatchFound> {
  const [raw] = await records.read([LATCH]);
  return { raw, latch: parse(raw) };
}

/** The hold that keeps this agent from running; an empty selector where the latch cannot be read. */
export function holdOf(
  { engaged, holds }: Latch,
  agent: Agent,
): (Pick<Hold, 'selector'> & Partial<Hold>) | undefined {
  if (engaged && holds.length === 0) return { selector: {} };
  return holds.find(({ selector }) => matches(selector, agent));
}

export interface LatchOrder {
  readonly operationId: string;
  readonly actor: Actor;
  readonly requestId?: string;
  readonly reason?: string;
}

const entryOf = (
  core: Core,
  operation: AuditEntry['operation'],
  { operationId, requestId, actor, reason }: LatchOrder,
  selector?: Selector,
): AuditEntry =>
  present<AuditEntry>({
    timestamp: timestamp(core),
    operation,
    phase: 'done',
    operationId,
    requestId,
    ...by(actor),
    reason,
    selector,
  });

/** Bytes that are no text cannot be compared, so they cannot be replaced. */
function writable(raw: string | null | undefined): string | null {
  if (raw !== undefined) return raw;
  throw new KillswitchError('unreadable_record', 'The latch in the store is not text: delete it there');
}

/**
 * Engages the emergency stop for what the selector selects, on top of what it is engaged for already. From the
 * moment it resolves, nobody of those becomes active.
 * @throws KillswitchError `forbidden`, `conflict`, `unreadable_record`, `store_unavailable`
 */
export async function engageLatch(core: Core, order: LatchOrder & { selector?: Selector }): Promise<Latch> {
  const { actor, operationId, reason } = order;
  authorize(actor, 'latch:engage');
  const selector = narrow(order.selector ?? {}, actor.within);
  const compute = ({ raw, latch }: LatchFound): Change<Latch> => {
    const same = (hold: Hold): boolean => isSameJson(hold.selector, selector);
    if (latch.engaged && (latch.holds.length === 0 || latch.holds.some(same))) return { value: latch };
    const hold = present<Hold>({ operationId, since: timestamp(core), by: actor.subject, reason, selector });
    const next: Latch = { engaged: true, holds: [...latch.holds, hold] };
    const audit = [entryOf(core, 'ENGAGE_LATCH', order, selector)];
    return {
      step: { document: LATCH, expect: writable(raw), next: JSON.stringify(next), audit },
      value: next,
    };
  };
  return change(core, () => findLatch(core), compute, 'emergency stop engaged');
}

/**
 * Releases the emergency stop as a whole. Starts nothing.
 * @throws KillswitchError `forbidden`, `conflict`, `unreadable_record`, `store_unavailable`
 */
export async function resetLatch(core: Core, order: LatchOrder & { reason: string }): Promise<Latch> {
  authorize(order.actor, 'latch:reset');
  const compute = ({ raw, latch }: LatchFound): Change<Latch> => {
    if (!latch.engaged) return { value: OPEN };
    const audit = [entryOf(core, 'RESET_LATCH', order)];
    return { step: { document: LATCH, expect: writable(raw), next: null, audit }, value: OPEN };
  };
  return change(core, () => findLatch(core), compute, 'emergency stop reset');
}

/** @throws KillswitchError `forbidden`, `store_unavailable` */
export async function lookAtLatch(core: Core, actor: Actor): Promise<Latch> {
  authorize(actor, 'agents:read');
  return (await findLatch(core)).latch;
}

/**
 * For a step that lets an agent run: the latch that it must find unchanged.
 * @param agent the one that becomes active; absent if it is so already
 * @throws KillswitchError `latched`
 */
export function admission({ raw, latch }: LatchFound, agent: Agent | undefined): { latch: string | null } {
  if (agent && holdOf(latch, agent)) {
    throw new KillswitchError(
      'latched',
      'The emergency stop is engaged for this agent until somebody resets it',
    );
  }
  return { latch: writable(raw) };
}
