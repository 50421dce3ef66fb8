import { describe, expect, it } from 'vitest';
import { decodeCommand } from '../../../lib/store/command-codec.js';
import { narrowedTo } from '../../fakes/authenticator.js';
import { type FakeCore as Bed, fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';
import { signing } from '../../fakes/signing.js';

const takeDown = ({ store }: Bed): void => {
  for (const method of ['read', 'agents', 'scan', 'commit'] as const) store.faults.fail(method);
};
const written = ({ journal }: Bed) =>
  [...journal.memory].map(([id, text]) => decodeCommand(signing, id, text));

/** What was read of three agents before the store went: two active ones, of two tasks, and one that had ended. */
async function openBed(): Promise<Bed> {
  const bed = fakeCore();
  await bed.agent('a1');
  await bed.agent('a2', { members: { taskId: 't2' } });
  await bed.agent('a3', { status: 'completed' });
  await startOn(bed.core);
  takeDown(bed);
  return bed;
}

describe('an order that is written down while the store is away', () => {
  it('of a kill-all names who was active as far as was known', async () => {
    const bed = await openBed();
    await stopOn(bed.core).stop(killAllOf());
    expect(written(bed).map(order => order?.wereActive)).toEqual([['a1', 'a2']]);
  });

  it('of a kill-all for a task names those of that task alone', async () => {
    const bed = await openBed();
    await stopOn(bed.core).stop(killAllOf({ selector: { taskId: 't2' } }));
    expect(written(bed).map(order => order?.wereActive)).toEqual([['a2']]);
  });

  it.each([
    ['a1', ['a1']],
    ['a3', undefined],
    ['a4', undefined],
  ])('of a kill of %s names %j', async (agentId, wereActive) => {
    const bed = await openBed();
    await stopOn(bed.core).stop(killOf(agentId));
    expect(written(bed).map(order => order?.wereActive)).toEqual([wereActive]);
  });

  it('gives the grace that was asked for, in milliseconds, under its own operation', async () => {
    const bed = await openBed();
    await stopOn(bed.core).stop(killOf('a1', { operationId: 'op-grace', graceSeconds: 7 }));
    expect(bed.containers.calls).toContainEqual(
      expect.objectContaining({ method: 'kill', agentId: 'a1', graceMs: 7_000 }),
    );
  });

  it('that cannot be written is reported in the log, too', async () => {
    const bed = await openBed();
    const journal = { ...bed.core.journal, append: () => Promise.reject(new Error('the disk is full')) };
    const { operationId, errors } = await stopOn({ ...bed.core, journal }).stop(killOf('a1'));
    expect(errors).toContain('the order could not be written down: repeat it when the store is back');
    expect(bed.log.lines).toContainEqual({
      level: 'error',
      entry: { err: expect.any(Error), operationId },
      message: 'the journal was not written',
    });
  });
});

it('Without a store, who may stop one agent stops it by its label, though its record was never read', async () => {
  const bed = fakeCore();
  const agent = await bed.agent('a1');
  takeDown(bed);
  await stopOn(bed.core).stop(killOf('a1', { actor: narrowedTo({ agentId: 'a1' }) }));
  expect(await agent.isAlive()).toBe(false);
});
