import { describe, expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { findLatch, LATCH } from '../../../lib/agents/latch.js';
import { resetLatch } from '../../../lib/agents/reset-latch.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';

const actor = actorWith();
const engaging = (operationId: string) => ({ operationId, actor });
const resetting = { operationId: 'op', actor, reason: 'all clear', key: 'k1' };
const open = { engaged: false, holds: [] };

describe('resetting the emergency stop under a key', () => {
  it.each([1, 2])('is done by the retry when commit %i of the first attempt fails', async failing => {
    const { core } = fakeCore();
    await engageLatch(core, engaging('first'));
    let commits = 0;
    const commit: typeof core.records.commit = async steps => {
      if (++commits === failing) throw new Error('the store is gone');
      return core.records.commit(steps);
    };
    const failingCore = { ...core, records: { ...core.records, commit } };
    await expect(resetLatch(failingCore, resetting)).rejects.toThrow();
    expect((await findLatch(core)).latch.engaged).toBe(true);
    expect(await resetLatch(failingCore, resetting)).toEqual(open);
    expect((await findLatch(core)).latch).toEqual(open);
  });

  it('never resets a later emergency, however often it comes', async () => {
    const { core } = fakeCore();
    await engageLatch(core, engaging('first'));
    await resetLatch(core, resetting);
    const later = await engageLatch(core, engaging('second'));
    for (let n = 0; n < 3; n++) expect(await resetLatch(core, resetting)).toEqual(later);
    expect(await resetLatch(core, { ...resetting, key: 'k2' })).toEqual(open);
  });

  it('never resets what was engaged on top since the attempt that failed', async () => {
    const { core, store } = fakeCore();
    await engageLatch(core, { ...engaging('first'), selector: { taskId: 't1' } });
    const read: typeof core.records.read = async documents => {
      const found = await core.records.read(documents);
      if (documents[0] === LATCH) await engageLatch(core, engaging('second'));
      return found;
    };
    const meddled = { ...core, records: { ...core.records, read } };
    await expect(resetLatch(meddled, resetting)).rejects.toMatchObject({ code: 'conflict' });
    expect(await resetLatch(core, resetting)).toMatchObject({ engaged: true });
    expect(store.memory.audit.map(({ operation }) => operation)).not.toContain('RESET_LATCH');
  });

  it('that came while there was nothing to be reset, resets nothing later', async () => {
    const { core } = fakeCore();
    expect(await resetLatch(core, resetting)).toEqual(open);
    const later = await engageLatch(core, engaging('first'));
    expect(await resetLatch(core, resetting)).toEqual(later);
  });

  it('is refused for a latch that is no text', async () => {
    const { core, store } = fakeCore();
    store.faults.lie('read', () => [undefined]);
    await expect(resetLatch(core, resetting)).rejects.toMatchObject({ code: 'unreadable_record' });
  });
});
