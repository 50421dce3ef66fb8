import * as z from 'zod';
import type { Actor } from '../domain/actor.js';
import type { Agent } from '../domain/agent.js';
import { authorize } from '../domain/authorize.js';
import { KillswitchError } from '../domain/errors.js';
import { matches, type Selector, selectorSchema } from '../domain/selector.js';
import type { Core } from '../ports/core.js';
import type { DocumentRef } from '../ports/records.js';
import { readSigned, type Signing } from '../store/signed-text.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** One engagement of the emergency stop: why, and for which agents. */
export interface Hold {
  readonly operationId: string;
  /** ISO 8601. */
  readonly since: string;
  readonly by: string;
  readonly reason?: string;
  /** Empty: every agent. */
  readonly selector: Selector;
  /** Its signature was invalid when it was read, or that of the command that engaged it. */
  readonly unverified?: true;
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
        unverified: z.literal(true).optional(),
      }),
    )
    .min(1),
});

/** Which agents may not run. Engaged without holds: its document cannot be read, so it holds every agent. */
export interface Latch {
  readonly engaged: boolean;
  readonly holds: readonly Hold[];
}

/** The latch as stored, with the exact text that a compare-and-set needs. */
export interface FoundLatch {
  readonly raw: string | null | undefined;
  readonly latch: Latch;
}

export const LATCH: DocumentRef = { kind: 'latch', id: '' };
export const OPEN: Latch = { engaged: false, holds: [] };
/** An unreadable document must not let any agent run. */
const UNREADABLE: Latch = { engaged: true, holds: [] };

/** A hold without a valid signature still holds, but under no other name than `unverified`. */
const unverified = ({ by, reason, ...hold }: Hold): Hold => ({
  ...hold,
  by: 'unverified',
  reason: `not verified, in the name of ${JSON.stringify(by)}${reason === undefined ? '' : `: ${reason}`}`,
  unverified: true,
});

function parse(signing: Signing, raw: string): Latch {
  try {
    const { text, isOurs } = readSigned(signing, 'latch', LATCH.id, raw);
    const holds = textSchema.parse(JSON.parse(text)).holds.map(hold => omitUndefined<Hold>(hold));
    return { engaged: true, holds: isOurs ? holds : holds.map(unverified) };
  } catch {
    return UNREADABLE;
  }
}

/** Cache of the last text parsed: it is needed for each agent that starts, and seldom changes. */
let last: { readonly raw: string; readonly keys: Signing['orderKeys']; readonly latch: Latch } | undefined;

/** Parses the latch's text; `null`: there is none; `undefined`: it is not text. */
export function readLatch(signing: Signing, raw: string | null | undefined): Latch {
  if (raw === null) return OPEN;
  if (raw === undefined) return UNREADABLE;
  const { orderKeys: keys } = signing;
  if (last?.raw !== raw || last.keys !== keys) last = { raw, keys, latch: parse(signing, raw) };
  return last.latch;
}

export async function findLatch(core: Pick<Core, 'records'> & Signing): Promise<FoundLatch> {
  const [raw] = await core.records.read([LATCH]);
  return { raw, latch: readLatch(core, raw) };
}

/** Whether any of its holds lacks a valid signature of ours. */
export const isUnverified = ({ engaged, holds }: Latch): boolean =>
  engaged && (holds.length === 0 || holds.some(hold => hold.unverified));

/** The hold that applies to this agent; with an empty selector if the latch cannot be read. */
export function holdOf(
  { engaged, holds }: Latch,
  agent: Agent,
): (Pick<Hold, 'selector'> & Partial<Hold>) | undefined {
  if (engaged && holds.length === 0) return { selector: {} };
  return holds.find(({ selector }) => matches(selector, agent));
}

/** Bytes that are not UTF-8 cannot be compared, and so not replaced. @throws KillswitchError `unreadable_record` */
export function writable(raw: string | null | undefined): string | null {
  if (raw !== undefined) return raw;
  throw new KillswitchError('unreadable_record', 'The latch in the store is not text: delete it there');
}

/** @throws KillswitchError `forbidden`, `store_unavailable` */
export async function getLatch(core: Core, actor: Actor): Promise<Latch> {
  authorize(actor, 'agents:read');
  return (await findLatch(core)).latch;
}

/**
 * The condition of a step that leaves an agent active: the latch must be unchanged when it commits.
 * @param agents that no hold may select: the agent as it was and as it becomes
 * @throws KillswitchError `latched`
 */
export function admission({ raw, latch }: FoundLatch, agents: readonly Agent[]): { latch: string | null } {
  if (agents.some(agent => holdOf(latch, agent))) {
    throw new KillswitchError('latched', 'The emergency stop is engaged for this agent until it is reset');
  }
  return { latch: writable(raw) };
}
