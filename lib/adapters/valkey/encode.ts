import type { AuditEntry } from '../../audit.js';
import type { Step } from '../../ports.js';
import type { Keyspace } from './keys.js';
import type { ScriptCall } from './script.js';

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
} as const;

function pushStep(args: (string | number)[], step: Step, indexOfDebts: (host: string) => number): void {
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
  if (admission) set(bit.admission);
  if (typeof admission?.latch === 'string') set(bit.latch, admission.latch);
  if (active !== undefined) set(active ? bit.join : bit.leave);
  if (tombstone !== undefined) set(bit.tombstone, tombstone);
  if (debt) {
    const { host, dueAt } = debt;
    if (dueAt === null) set(bit.paid, indexOfDebts(host));
    else set(bit.due, indexOfDebts(host), dueAt);
  }
  args[mask] = bits;
  args.push(audit.length);
  for (const entry of audit) args.push(JSON.stringify(entry));
}

/** Makes KEYS and ARGV of lua/commit.lua. `entries` belong to no step. */
export function encode(
  keys: Keyspace,
  steps: readonly Step[],
  entries: readonly AuditEntry[] = [],
): ScriptCall {
  const names = [keys.active, keys.tombstones, keys.audit, keys.latch];
  for (const { document } of steps) names.push(keys.document(document));
  const hosts = new Map<string, number>();
  const indexOfDebts = (host: string): number => {
    const index = hosts.get(host) ?? names.push(keys.debts(host));
    hosts.set(host, index);
    return index;
  };
  const args: (string | number)[] = [steps.length];
  for (const step of steps) pushStep(args, step, indexOfDebts);
  for (const entry of entries) args.push(JSON.stringify(entry));
  return { keys: names, args };
}
