import type { AuditEntry } from '../../domain/audit-entry.js';
import type { Step } from '../../ports/records.js';
import type { Keyspace } from './keys.js';
import type { ScriptCall } from './script.js';
import { hashed, MANY, nameOf, type SubjectKind } from './subject.js';

/** Bits of a step's mask, as lua/commit.lua has them. */
const bit = {
  expect: 1,
  next: 2,
  ttl: 4,
  admission: 8,
  latch: 16,
  join: 32,
  leave: 64,
  tombstone: 128,
  due: 256,
  paid: 512,
  agent: 1024,
} as const;

/** Numbers for what a call names more than once. */
interface Numbers {
  /** Index into KEYS. */
  debts(host: string): number;
  /** Of a subject of the audit; 0 for none. */
  subject(kind: SubjectKind, id: string | undefined): number;
}

/** With more entries in one call, the index of the audit gets one element for all of them. */
const FEW_ENTRIES = 4;

/** Numbers the subjects of a call and makes their part of ARGV. `push` adds a key and returns its index. */
function subjectsOf(keys: Keyspace, push: (key: string) => number, areMany: boolean) {
  const numbers = { agent: new Map<string, number>(), operation: new Map<string, number>() };
  const args: Args = [];
  let marks = '';
  let count = 0;
  return {
    number(kind: SubjectKind, id: string | undefined): number {
      if (id === undefined) return 0;
      const known = numbers[kind].get(id);
      if (known !== undefined) return known;
      const { bucket, of, mark } = hashed(nameOf(kind, id));
      if (areMany) {
        marks += mark;
        count = 1;
      } else {
        args.push(push(keys.auditBucket(bucket)), of);
        count++;
      }
      numbers[kind].set(id, count);
      return count;
    },
    args: (): Args => {
      const all = areMany && count > 0 ? [push(keys.auditBucket(MANY)), marks] : args;
      return [count, ...all];
    },
  };
}

type Args = (string | number)[];

function pushEntries(args: Args, entries: readonly AuditEntry[], { subject }: Numbers): void {
  for (const entry of entries) {
    const { agentId, operationId } = entry;
    args.push(JSON.stringify(entry), subject('agent', agentId), subject('operation', operationId));
  }
}

function pushStep(args: Args, step: Step, numbers: Numbers): void {
  const { document, expect, next, ttlSeconds, admission, active, tombstone, debt, audit } = step;
  const mask = args.push(0, document.id) - 2;
  let bits = 0;
  const set = (flag: number, ...values: (string | number)[]): void => {
    bits |= flag;
    args.push(...values);
  };
  if (expect !== null) set(bit.expect, expect);
  if (next !== null) set(bit.next, next);
  if (ttlSeconds !== undefined) set(bit.ttl, Math.max(1, Math.ceil(ttlSeconds)));
  if (document.kind === 'agent') set(bit.agent);
  if (admission) set(bit.admission);
  if (typeof admission?.latch === 'string') set(bit.latch, admission.latch);
  if (active !== undefined) set(active ? bit.join : bit.leave);
  if (tombstone !== undefined) set(bit.tombstone, tombstone);
  if (debt) {
    const { host, dueAt } = debt;
    if (dueAt === null) set(bit.paid, numbers.debts(host));
    else set(bit.due, numbers.debts(host), dueAt);
  }
  args[mask] = bits;
  args.push(audit.length);
  pushEntries(args, audit, numbers);
}

/** Makes KEYS and ARGV of lua/commit.lua. @param entries audit entries that belong to no step */
export function encode(
  keys: Keyspace,
  steps: readonly Step[],
  entries: readonly AuditEntry[] = [],
): ScriptCall {
  const names = [keys.active, keys.tombstones, keys.audit, keys.auditIndex, keys.known, keys.latch];
  for (const { document } of steps) names.push(keys.document(document));
  const hosts = new Map<string, number>();
  for (const { debt } of steps) {
    if (debt && !hosts.has(debt.host)) hosts.set(debt.host, names.push(keys.debts(debt.host)));
  }
  const areMany = steps.reduce((sum, { audit }) => sum + audit.length, entries.length) > FEW_ENTRIES;
  const subjects = subjectsOf(keys, key => names.push(key), areMany);
  const numbers: Numbers = { debts: host => hosts.get(host) ?? 0, subject: subjects.number };
  const rest: Args = [];
  for (const step of steps) pushStep(rest, step, numbers);
  pushEntries(rest, entries, numbers);
  return { keys: names, args: [steps.length, hosts.size, ...subjects.args(), ...rest] };
}
