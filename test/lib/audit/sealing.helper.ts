import { auditKeys } from '../../../lib/adapters/state/seal/index.js';
import { createSealer } from '../../../lib/audit/sealer.js';
import { verifyAudit } from '../../../lib/audit/verify.js';
import { KillswitchError } from '../../../lib/domain/errors.js';
import type { AuditLog } from '../../../lib/ports/audit.js';
import type { HighWaterMark } from '../../../lib/ports/high-water-mark.js';
import type { AuditKeys } from '../../../lib/ports/keys.js';
import type { Records } from '../../../lib/ports/records.js';
import { utf8 } from '../../../lib/util/crypto.js';
import { fakeClock } from '../../fakes/clock.js';
import { fakeLog } from '../../fakes/log.js';

/** An audit and its checkpoints as somebody with write access to the store has them before him. */
export interface Ledger {
  readonly rows: { seq: number; text: string }[];
  /** By number. */
  readonly checkpoints: Map<number, string>;
  readonly records: Pick<Records, 'read' | 'commit'>;
  readonly audit: Pick<AuditLog, 'after'>;
  append(...texts: string[]): void;
  /** What becomes of the next commit. */
  fate: 'done' | 'dies before' | 'dies after';
  /** Called once, amid the next commit: what another process does. */
  meanwhile: (() => Promise<void>) | undefined;
}

/** Numbers its rows as SQLite does: one more than the highest that is there. */
export function openLedger(): Ledger {
  const down = () => new KillswitchError('store_unavailable');
  const ledger: Ledger = {
    rows: [],
    checkpoints: new Map(),
    fate: 'done',
    meanwhile: undefined,
    append(...texts) {
      for (const text of texts) ledger.rows.push({ seq: (ledger.rows.at(-1)?.seq ?? 0) + 1, text });
    },
    audit: {
      after: async (position, limit, upTo) =>
        ledger.rows
          .filter(({ seq }) => seq > Number(position) && seq <= Number(upTo ?? Number.POSITIVE_INFINITY))
          .slice(0, limit)
          .map(({ seq, text }) => ({ position: `${seq}`, bytes: utf8(text) })),
    },
    records: {
      read: async documents => documents.map(({ id }) => ledger.checkpoints.get(Number(id)) ?? null),
      async commit(steps) {
        const { fate, meanwhile } = ledger;
        ledger.fate = 'done';
        ledger.meanwhile = undefined;
        await meanwhile?.();
        if (fate === 'dies before') throw down();
        const results = steps.map(({ document, expect, next }) => {
          const number = Number(document.id);
          if ((ledger.checkpoints.get(number) ?? null) !== expect) return 'conflict' as const;
          ledger.checkpoints.set(number, next ?? '');
          return 'committed' as const;
        });
        if (fate === 'dies after') throw down();
        return results;
      },
    },
  };
  return ledger;
}

export interface Disk extends HighWaterMark {
  text: string | undefined;
}

/** The disk of one host. */
export function openDisk(): Disk {
  const disk: Disk = {
    text: undefined,
    read: async () => disk.text,
    async write(text) {
      disk.text = text;
    },
  };
  return disk;
}

export const SECRET = 'a secret that seals the audit of the tests';
export const keys: AuditKeys = auditKeys([SECRET]);

/** A process on a host. */
export function startSealer(ledger: Pick<Ledger, 'records' | 'audit'>, disk: HighWaterMark, with_ = keys) {
  const log = fakeLog();
  const clock = fakeClock();
  const { records, audit } = ledger as unknown as { records: Records; audit: AuditLog };
  const sealer = createSealer({
    records,
    audit,
    clock,
    log,
    highWaterMark: disk,
    openKeys: async () => with_,
  });
  return { sealer, log, clock, look: sealer.look };
}

export const verify = (ledger: Pick<Ledger, 'records' | 'audit'>, disk: HighWaterMark, with_ = keys) =>
  verifyAudit({ ...ledger, keys: with_, highWaterMark: disk });

/** What is found, without what is the same in each. */
export const kindsOf = async (ledger: Ledger, disk: HighWaterMark, with_ = keys) =>
  (await verify(ledger, disk, with_)).findings.map(({ kind, checkpoint }) => `${kind} ${checkpoint}`);
