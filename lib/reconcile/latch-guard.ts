import * as z from 'zod';
import {
  type FoundLatch,
  findLatch,
  type Hold,
  isUnverified,
  LATCH,
  type Latch,
  readLatch,
  writable,
} from '../agents/latch.js';
import { isReleased } from '../agents/latch-entry.js';
import { systemActor } from '../domain/actor.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { isStoreDown } from '../domain/errors.js';
import { type Core, timestamp } from '../ports/core.js';
import type { HighWaterMark } from '../ports/high-water-mark.js';
import type { Health, Probe } from '../ports/runtime.js';
import { UNVERIFIED_SUBJECT } from '../store/command-codec.js';
import { signText } from '../store/signed-text.js';
import { isSameJson } from '../util/json-equal.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { parseJson } from '../util/parse-json.js';
import { createPoller, type Poller } from '../util/poller.js';

/** Keeps the emergency stop engaged against who deletes it from the store. */
export interface LatchGuard extends Probe, Poller {
  /** Compares what stands in the store with what was seen there. Never rejects. */
  look(): Promise<void>;
  /** Audit entries that this process wrote, so that a latch it engaged is known before the next poll. */
  heard(entries: readonly AuditEntry[]): void;
}

interface Parts extends Pick<Core, 'records' | 'audit' | 'clock' | 'log' | 'orderKeys' | 'newId'> {
  /** On this host's disk, so that it outlives this process and is out of reach of who writes the store. */
  readonly highWaterMark: HighWaterMark;
}

/** Milliseconds. */
const INTERVAL = 2_000;
const AFTER_COMMIT = 50;
/** Where the audit was is kept as often as that, so that a restart has not too much of it to read. Milliseconds. */
const KEPT_EVERY = 60_000;
/** Entries of one page. */
const PAGE = 500;

const keptSchema = z.strictObject({ position: z.string(), text: z.string().nullable() });

/** What was seen: the holds that this program had signed, and how far the audit was before they were seen. */
interface Seen {
  readonly position: string;
  readonly holds: readonly Hold[];
}

const RESTORED = 'the emergency stop was gone from the store without a reset, and is engaged again';
const UNVERIFIED =
  'the emergency stop in the store is not signed by this program; it holds until a person resets it';

const isSameHold = (one: Hold) => (other: Hold) =>
  one.operationId === other.operationId && isSameJson(one.selector, other.selector);

/** A reset leaves a signed entry in the audit, in one step with it. What is gone without one was deleted by a stranger. */
export function createLatchGuard(core: Parts): LatchGuard {
  const { audit, clock, log, records, highWaterMark } = core;
  let seen: Seen | undefined;
  /** Engaged by this process since the last look. */
  let fresh: readonly Hold[] = [];
  let kept: { readonly text: string | null; readonly at: number } | undefined;
  let told: string | null | undefined = null;
  let alarm: string | undefined;
  let trouble: string | undefined;

  async function recall(): Promise<Seen> {
    const text = await highWaterMark.read();
    if (text === undefined) return { position: '', holds: [] };
    const { data } = keptSchema.safeParse(parseJson(text));
    if (!data) log.error({}, 'what this host has seen of the emergency stop cannot be read');
    const { position, text: raw } = data ?? { position: '', text: null };
    kept = { text: raw, at: clock.monotonic() };
    return { position, holds: verifiedIn(readLatch(core, raw)) };
  }

  async function keep(position: string, raw: string | null): Promise<void> {
    if (kept?.text === raw && (raw === null || clock.monotonic() - kept.at < KEPT_EVERY)) return;
    if (kept === undefined && raw === null) return;
    await highWaterMark.write(JSON.stringify({ position, text: raw }));
    kept = { text: raw, at: clock.monotonic() };
  }

  /** Those of the holds for which no reset was told since they were seen. */
  async function deleted(holds: readonly Hold[], from: string): Promise<readonly Hold[]> {
    let left = holds;
    for (let after = from; left.length > 0; ) {
      const places = await audit.after(after, PAGE);
      for (const { entry } of places) {
        if (entry?.operation === 'RESET_LATCH') left = left.filter(hold => !isReleased(core, entry, hold));
      }
      const last = places.at(-1);
      if (!last) return left;
      after = last.position;
    }
    return left;
  }

  async function putBack({ raw, latch }: FoundLatch, holds: readonly Hold[]): Promise<boolean> {
    const text = JSON.stringify({ engaged: true, holds: [...latch.holds, ...holds] });
    const next = signText(core, 'latch', LATCH.id, text);
    const entry: AuditEntry = {
      ...{ timestamp: timestamp(core), operation: 'RESTORE_LATCH', phase: 'done', operationId: core.newId() },
      ...by(systemActor),
      reason: RESTORED,
    };
    const [result] = await records.commit([{ document: LATCH, expect: writable(raw), next, audit: [entry] }]);
    if (result !== 'committed') return false;
    log.error(entry, RESTORED);
    alarm = RESTORED;
    return true;
  }

  /** Once for a text. */
  async function tellUnverified({ raw, latch }: FoundLatch): Promise<void> {
    if (!isUnverified(latch) || told === raw) return;
    const entry: AuditEntry = {
      ...{
        timestamp: timestamp(core),
        operation: 'UNVERIFIED_LATCH',
        phase: 'done',
        operationId: core.newId(),
      },
      ...by(systemActor),
      reason: UNVERIFIED,
    };
    await audit.append([entry]);
    told = raw;
    log.error(entry, UNVERIFIED);
  }

  async function compare(): Promise<void> {
    seen ??= await recall();
    const known = [...seen.holds, ...fresh];
    if (known.length === 0 && (await findLatch(core)).raw === null) {
      alarm = undefined;
      if (seen.position === '') seen = { position: await audit.last(), holds: [] };
      return;
    }
    // Before the latch is read: a reset after that is told behind this position.
    const position = await audit.last();
    const found = await findLatch(core);
    const { raw, latch } = found;
    const isForAll = latch.engaged && latch.holds.length === 0;
    const lost = isForAll ? [] : known.filter(hold => !latch.holds.some(isSameHold(hold)));
    const gone = await deleted(lost, seen.position);
    if (gone.length > 0) {
      if (await putBack(found, gone)) await compare();
      return;
    }
    await tellUnverified(found);
    alarm = isUnverified(latch) ? UNVERIFIED : latch.engaged ? alarm : undefined;
    const holds = isForAll ? known : verifiedIn(latch);
    fresh = fresh.filter(hold => !known.includes(hold));
    if (!isForAll) await keep(position, holds.length > 0 ? (raw as string) : null);
    seen = { position: isForAll ? seen.position : position, holds };
  }

  async function look(): Promise<void> {
    try {
      if (core.orderKeys) await compare();
      trouble = undefined;
    } catch (err) {
      if (isStoreDown(err)) return;
      if (!trouble) log.error({ err }, 'the emergency stop is not watched');
      trouble = 'what was seen of the emergency stop cannot be compared or kept';
    }
  }

  return {
    ...createPoller({ clock, poll: look, interval: INTERVAL, afterWake: AFTER_COMMIT }),
    look,
    heard(entries) {
      if (!core.orderKeys) return;
      fresh = [...fresh, ...entries.flatMap(holdIn)];
    },
    async probe(): Promise<Health> {
      const detail = alarm ?? trouble;
      return { name: 'latch', ok: detail === undefined, aside: true, ...(detail && { detail }) };
    },
  };
}

/** The hold that an audit entry describes. */
function holdIn(entry: AuditEntry): readonly Hold[] {
  const { operation, operationId, timestamp: since, actor, reason, selector } = entry;
  const isHold = operation === 'ENGAGE_LATCH' && actor !== UNVERIFIED_SUBJECT;
  if (!isHold || operationId === undefined || !selector) return [];
  return [omitUndefined<Hold>({ operationId, since, by: actor, reason, selector })];
}

const verifiedIn = ({ holds }: Latch): readonly Hold[] => holds.filter(hold => !hold.unverified);
