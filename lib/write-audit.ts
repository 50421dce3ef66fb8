import type { AuditEntry } from './audit.js';
import type { Command } from './command.js';
import { type Core, timestamp } from './core.js';
import type { Receipt } from './outcome.js';
import { present } from './present.js';

/** Logs an entry and writes it to the store. Not to be awaited by a stop: an audit that fails never holds it up. */
async function tell(core: Core, entry: AuditEntry, message: string): Promise<void> {
  core.log.warn(entry, message);
  try {
    await core.audit.append([entry]);
  } catch (error) {
    core.log.error({ err: error, entry }, 'audit entry not stored');
  }
}

/**
 * The bulk entries of a kill-all: that it was accepted, and how it ended. A dry run leaves none.
 * @returns resolves when the entry is stored or was not to be stored; never rejects
 */
export async function auditKillAll(
  core: Core,
  command: Command,
  phase: 'accepted' | 'settled',
  receipt?: Receipt,
): Promise<void> {
  if (command.type !== 'kill-all' || command.dryRun) return;
  const open = receipt && (receipt.incomplete || receipt.failed + receipt.pending > 0);
  const entry = present<AuditEntry>({
    timestamp: timestamp(core),
    operation: 'KILL_ALL_AGENTS',
    phase: open ? 'unconfirmed' : phase,
    operationId: command.operationId,
    requestId: command.requestId,
    actor: command.actor.subject,
    reason: command.reason,
    selector: command.selector,
    total: receipt?.total,
    killed: receipt?.killed,
    failed: receipt?.failed,
    pending: receipt?.pending,
    errors: receipt?.errors,
  });
  await tell(core, entry, phase === 'accepted' ? 'kill-all accepted' : 'kill-all ended');
}
