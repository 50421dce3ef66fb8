import * as z from 'zod';
import type { Actor } from '../domain/actor.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { authorize } from '../domain/authorize.js';
import type { Command } from '../domain/command.js';
import { KillswitchError } from '../domain/errors.js';
import type { Receipt } from '../domain/outcome.js';
import { type Core, timestamp } from '../ports/core.js';
import type { DocumentRef, Step } from '../ports/records.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { parseJson } from '../util/parse-json.js';
import { encodeCommand } from './command-codec.js';
import { type Change, compareAndSet } from './compare-and-set.js';

/** One accepted command as stored. While it is `running`, its host has a debt to end it. */
export interface Operation {
  readonly operationId: string;
  readonly state: 'running' | 'ended';
  readonly type: Command['type'];
  /** ISO 8601. */
  readonly requestedAt: string;
  readonly requestedBy: string;
  readonly reason?: string;
  /** The command as {@link encodeCommand} writes it: another process resumes it should this one die. */
  readonly intent: string;
  readonly receipt?: Receipt;
}

const KEPT_SECONDS = 30 * 24 * 3_600;
/** Long enough for a command to end by itself; after that, the reconciler resumes one that is still running. */
const OVERDUE_MS = 60_000;

const documentOf = (operationId: string): DocumentRef => ({ kind: 'operation', id: operationId });

/** The summary entry of a kill-all: accepted without a receipt, else how it ended. Empty for a single kill. */
function bulkEntries(core: Core, command: Command, receipt?: Receipt): AuditEntry[] {
  if (command.type !== 'kill-all') return [];
  const open = receipt && (receipt.incomplete || receipt.failed + receipt.pending > 0);
  const entry = omitUndefined<AuditEntry>({
    timestamp: timestamp(core),
    operation: 'KILL_ALL_AGENTS',
    phase: !receipt ? 'accepted' : open ? 'unconfirmed' : 'settled',
    operationId: command.operationId,
    requestId: command.requestId,
    ...by(command.actor),
    reason: command.reason,
    selector: command.selector,
    total: receipt?.total,
    killed: receipt?.killed,
    failed: receipt?.failed,
    pending: receipt?.pending,
    errors: receipt?.errors,
  });
  return [entry];
}

function begunOperation(core: Core, command: Command): Operation {
  const { operationId, type, actor, reason } = command;
  const requestedAt = command.requestedAt ?? timestamp(core);
  return omitUndefined<Operation>({
    operationId,
    state: 'running',
    type,
    requestedAt,
    requestedBy: actor.subject,
    reason,
    intent: encodeCommand(core, command, requestedAt),
    receipt: undefined,
  });
}

/**
 * Stores an accepted command and its audit entry in one step. Does nothing for one that was begun before, as when it is
 * resumed after a crash. Never rejects: a stop goes on without it.
 */
export async function beginOperation(core: Core, command: Command): Promise<void> {
  if (command.dryRun) return;
  const { operationId } = command;
  const audit = bulkEntries(core, command);
  const step: Step = {
    document: documentOf(operationId),
    expect: null,
    next: JSON.stringify(begunOperation(core, command)),
    ttlSeconds: KEPT_SECONDS,
    debt: { host: core.hostId, dueAt: core.clock.now() + OVERDUE_MS },
    audit,
  };
  try {
    const [result] = await core.records.commit([step]);
    // A conflict: it was begun before, and logged then.
    if (result === 'committed') for (const entry of audit) core.log.warn(entry, 'kill-all accepted');
  } catch (error) {
    core.log.error(
      { err: error, operationId },
      'the operation could not be stored; the stop goes on without it',
    );
  }
}

export interface FoundOperation {
  readonly raw: string;
  /** Absent: the text is not an operation. */
  readonly operation?: Operation;
}

/** Only the members that this program relies on. */
const operationSchema = z.looseObject({
  state: z.enum(['running', 'ended']),
  intent: z.string(),
  receipt: z.looseObject({}).optional(),
});

function readOperation(raw: string): FoundOperation {
  const { data } = operationSchema.safeParse(parseJson(raw));
  return data ? { raw, operation: data as unknown as Operation } : { raw };
}

/** Reads an operation; `undefined` if there is none. Any writer of the store may have made the text. */
export async function findOperation(
  { records }: Pick<Core, 'records'>,
  operationId: string,
): Promise<FoundOperation | undefined> {
  const [raw] = await records.read([documentOf(operationId)]);
  return raw ? readOperation(raw) : undefined;
}

/**
 * Stores the receipt of a command, once, in one step with its audit entry, and clears its debt. Never rejects: an
 * operation that stays `running` is resumed later.
 * @param receipt absent: the command was refused, and its operation is deleted
 */
export async function endOperation(
  core: Core,
  command: Command,
  receipt: Receipt | undefined,
): Promise<void> {
  if (command.dryRun) return;
  const { operationId } = command;
  const compute = (found: FoundOperation | undefined): Change<void> => {
    if (found?.operation?.state === 'ended' || (!found && !receipt)) return { value: undefined };
    // Its beginning could not be stored: its audit entry is written now.
    const late = found ? [] : bulkEntries(core, command);
    const kept = found?.operation ?? begunOperation(core, command);
    const { unverified, subject } = command.actor;
    const operation = unverified
      ? { ...kept, requestedBy: subject, ...omitUndefined({ reason: command.reason }) }
      : kept;
    const step: Step = {
      document: documentOf(operationId),
      expect: found?.raw ?? null,
      next: receipt ? JSON.stringify({ ...operation, state: 'ended', receipt }) : null,
      ttlSeconds: KEPT_SECONDS,
      debt: { host: core.hostId, dueAt: null },
      audit: receipt ? [...late, ...bulkEntries(core, command, receipt)] : [],
    };
    return { step, value: undefined };
  };
  try {
    await compareAndSet(core, () => findOperation(core, operationId), compute, 'kill-all ended');
  } catch (error) {
    core.log.error(
      { err: error, operationId },
      'the end of the operation could not be stored; it is resumed later',
    );
  }
}

/** Replaces the receipt of an operation that has ended. */
export function replaceReceipt(found: FoundOperation | undefined, receipt: Receipt): Change<void> {
  const operation = found?.operation;
  if (operation?.state !== 'ended') return { value: undefined };
  const step: Step = {
    document: documentOf(operation.operationId),
    expect: found?.raw ?? null,
    next: JSON.stringify({ ...operation, receipt }),
    ttlSeconds: KEPT_SECONDS,
    audit: [],
  };
  return { step, value: undefined };
}

/**
 * One accepted command, with its receipt once it has ended.
 * @throws KillswitchError `forbidden`, `operation_not_found`, `store_unavailable`
 */
export async function getOperation(core: Core, actor: Actor, operationId: string): Promise<Operation> {
  authorize(actor, 'agents:read', {});
  const found = await findOperation(core, operationId);
  if (!found?.operation) throw new KillswitchError('operation_not_found', 'Unknown operation');
  return found.operation;
}
