import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findLatch } from '../../lib/agents/latch.js';
import { killAllBodySchema, killBodySchema } from '../../lib/domain/command.js';
import { readCursor } from '../../lib/notify/cursor.js';
import { decodeCommand, encodeCommand } from '../../lib/store/command-codec.js';
import { claimKey } from '../../lib/store/idempotency.js';
import { findOperation } from '../../lib/store/operation.js';
import { fakeCore, killAllOf, killOf } from '../fakes/core.js';
import { damaged } from '../fakes/damage.js';
import { signing } from '../fakes/signing.js';

const RUNS = { numRuns: 200 };
const text = fc.string({ unit: 'binary' });
/** Anything, or what is ours with one part of it changed. */
const like = (good: unknown): fc.Arbitrary<string> =>
  fc.oneof(
    text,
    damaged(good).map(one => JSON.stringify(one) ?? ''),
  );
const at = '2026-11-22T10:00:00.000Z';

it('an intent is one of ours that can be written again, or none', () => {
  const kill = JSON.parse(encodeCommand(signing, killOf('a1', { reason: 'drill', graceSeconds: 5 }), at));
  const all = JSON.parse(encodeCommand(signing, killAllOf({ selector: { labels: { team: 'core' } } }), at));
  fc.assert(
    fc.property(fc.oneof(like(kill), like(all)), raw => {
      const command = decodeCommand(signing, 'op', raw);
      if (command === undefined) return;
      const { reason, graceSeconds } = command;
      const schema = command.type === 'kill' ? killBodySchema : killAllBodySchema;
      expect(schema.safeParse({ reason, graceSeconds }).success).toBe(true);
      expect(decodeCommand(signing, 'op', encodeCommand(signing, command, at))).toEqual(command);
    }),
    RUNS,
  );
});

it('a latch that is there is engaged, whatever its text is', async () => {
  const hold = { operationId: 'o', since: at, by: 'ops', reason: 'drill', selector: { taskId: 't1' } };
  await fc.assert(
    fc.asyncProperty(fc.oneof(like({ holds: [hold] }), fc.constant(undefined)), async raw => {
      const { latch } = await findLatch({ records: { read: async () => [raw] } as never });
      expect(latch.engaged).toBe(true);
    }),
    RUNS,
  );
});

it('a cursor is read as it was written, or breaks off without a write', async () => {
  const trouble = { since: 1, attempts: 2, retryAt: 3, problem: 'x' };
  const good = { position: '7', failing: trouble, aside: [{ ...trouble, before: '6' }] };
  await fc.assert(
    fc.asyncProperty(like(good), async raw => {
      const written: unknown[] = [];
      const records = {
        read: async () => [raw],
        commit: async (steps: readonly unknown[]) => {
          written.push(...steps);
          return [];
        },
      };
      const page = await readCursor(records, 'OPS', async () => '').catch((error: unknown) => error);
      expect(written).toEqual([]);
      if (page instanceof Error) return;
      expect(page).toMatchObject({ cursor: { position: expect.any(String), aside: expect.any(Array) } });
    }),
    RUNS,
  );
});

it('an operation is one of ours, or none, whatever stands there', async () => {
  const good = {
    operationId: 'op-1',
    state: 'ended',
    type: 'kill',
    requestedAt: at,
    requestedBy: 'ops',
    intent: encodeCommand(signing, killOf('a1'), at),
    receipt: { operationId: 'op-1' },
  };
  await fc.assert(
    fc.asyncProperty(like(good), async raw => {
      const found = await findOperation({ records: { read: async () => [raw] } as never }, 'op-1');
      expect(found?.operation?.state ?? 'ended').toBeOneOf(['running', 'ended']);
      expect(typeof (found?.operation?.intent ?? '')).toBe('string');
    }),
    RUNS,
  );
});

it('an overwritten key does not prevent a stop', async () => {
  const { core, store } = fakeCore();
  const keyed = { actor: { subject: 'ops' }, key: 'k', fingerprint: 'f', operationId: 'op-2' };
  await claimKey(core, { ...keyed, operationId: 'op-1' });
  const [id = ''] = [...store.memory.documents.keys()].filter(name => name.startsWith('memory:'));
  await fc.assert(
    fc.asyncProperty(like({ operationId: 'op-1', fingerprint: 'f' }), async raw => {
      store.memory.documents.set(id, { raw, expiresAt: Number.POSITIVE_INFINITY });
      const claimed = await claimKey(core, keyed).catch((error: unknown) => error);
      if (claimed instanceof Error) expect(claimed).toMatchObject({ code: 'idempotency_mismatch' });
      else expect(claimed).toMatchObject({ kind: expect.stringMatching(/^(first|repeated)$/) });
    }),
    RUNS,
  );
});
