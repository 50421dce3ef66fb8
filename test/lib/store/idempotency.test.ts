import { describe, expect, it } from 'vitest';
import { checkKey, claimKey, digest } from '../../../lib/store/idempotency.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';

const keyed = (operationId: string, more: object = {}) => ({
  actor: actorWith(),
  key: 'k1',
  fingerprint: 'f1',
  operationId,
  ...more,
});

describe('a key', () => {
  it('is the first one’s, whatever comes later', async () => {
    const { core } = fakeCore();
    const ids = Array.from({ length: 20 }, (_, at) => `op-${at}`);
    const claims = await Promise.all(ids.map(id => claimKey(core, keyed(id))));
    const holder = ids[claims.findIndex(({ kind }) => kind === 'first')];
    const repeated = claims.filter(({ kind }) => kind === 'repeated');
    expect(repeated).toEqual(Array.from({ length: 19 }, () => ({ kind: 'repeated', operationId: holder })));
  });

  it('is another one with another subject', async () => {
    const { core } = fakeCore();
    await claimKey(core, keyed('op-1'));
    expect(await claimKey(core, keyed('op-2', { actor: { subject: 'bob' } }))).toMatchObject({
      kind: 'first',
    });
  });

  it('is refused to another request', async () => {
    const { core } = fakeCore();
    await claimKey(core, keyed('op-1'));
    await expect(claimKey(core, keyed('op-2', { fingerprint: 'f2' }))).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
  });

  it('is given back by the one who holds it alone', async () => {
    const { core, store, log } = fakeCore();
    const first = await claimKey(core, keyed('op-1'));
    const second = await claimKey(core, keyed('op-2'), 'op-1');
    if (first.kind !== 'first' || second.kind !== 'first') throw new Error('both were first in their turn');
    await first.release();
    expect(await claimKey(core, keyed('op-3'))).toEqual({ kind: 'repeated', operationId: 'op-2' });
    await second.release();
    expect(store.memory.documents.size).toBe(0);
    expect(log.lines).toEqual([]);
  });

  it('is no one’s while the store does not answer, and its return is no error then', async () => {
    const { core, store, log } = fakeCore();
    store.faults.fail('commit');
    const one = await claimKey(core, keyed('op-1'));
    expect(one).toMatchObject({ kind: 'first' });
    store.faults.fail('read');
    if (one.kind === 'first') await one.release();
    expect(log.lines.map(({ level }) => level)).toEqual(['error', 'error']);
  });

  it('has 1 to 255 printable ASCII characters', () => {
    for (const key of ['a', ' ', '~'.repeat(255)]) expect(() => checkKey(key)).not.toThrow();
    for (const key of ['', 'a'.repeat(256), 'a\n', '\u00e9', '\u007f']) expect(() => checkKey(key)).toThrow();
  });
});

it('tells parts that are cut at other places apart', async () => {
  const digests = await Promise.all([digest('ab', 'c'), digest('a', 'bc'), digest('abc'), digest('abc', '')]);
  expect(new Set(digests).size).toBe(4);
  expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(await digest('ab', new TextEncoder().encode('c'))).toBe(digests[0]);
});
