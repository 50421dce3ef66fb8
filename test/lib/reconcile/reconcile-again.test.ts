import { describe, expect, it } from 'vitest';
import { createReconcile } from '../../../lib/reconcile/reconcile.js';
import { payDebts, replayJournal } from '../../../lib/reconcile/retry-pending.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { createStop } from '../../../lib/stop/stop.js';
import { encodeCommand } from '../../../lib/store/command-codec.js';
import { type FakeCore as Bed, fakeCore, killOf, startOn, stopOn } from '../../fakes/core.js';

const at = '2026-11-22T10:00:00.000Z';
const append = (bed: Bed, agentId: string): Promise<void> => {
  const command = killOf(agentId);
  return bed.journal.append(command.operationId, encodeCommand(bed.core, command, at));
};
const takeDown = ({ store }: Bed): void => {
  for (const method of ['read', 'agents', 'scan', 'commit'] as const) store.faults.fail(method);
};

describe('a reconcile that looks again', () => {
  it.each(['went well', 'failed'])(
    'carries out the orders of the journal, after a look that %s, too',
    async how => {
      const bed = fakeCore();
      const agent = await bed.agent('a1');
      const inFlight = createInFlight(bed.core);
      const reconcile = createReconcile(bed.core, inFlight, createStop(bed.core, inFlight));
      if (how === 'failed') bed.journal.faults.fail('read', { times: 1 });
      await reconcile.start();
      await append(bed, 'a1');
      reconcile.wake();
      await expect.poll(() => bed.journal.memory.size).toBe(0);
      await reconcile.close();
      expect(await agent.isAlive()).toBe(false);
    },
  );

  it('keeps in mind who runs here while the store is away, and forgets who is gone', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await startOn(bed.core);
    const gone = bed.core.recordCache.get('a1');
    if (gone) bed.core.recordCache.set('gone', { ...gone, agentId: 'gone' });
    takeDown(bed);
    await startOn(bed.core);
    expect([...bed.core.recordCache.keys()]).toEqual(['a1']);
  });
});

describe('the journal', () => {
  it('is left as it is while the store is away, and nothing is logged as lost', async () => {
    const bed = fakeCore();
    await append(bed, 'a1');
    takeDown(bed);
    await expect(replayJournal(bed.core, stopOn(bed.core))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect([bed.journal.memory.size, bed.log.lines.filter(({ level }) => level === 'error')]).toEqual([
      1,
      [],
    ]);
  });

  it('reports a command that goes wrong, and carries out the others', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await bed.journal.append('nonsense', '?');
    await append(bed, 'a1');
    bed.journal.faults.fail('remove', { error: new Error('no'), times: 1 });
    await replayJournal(bed.core, stopOn(bed.core));
    expect(await agent.isAlive()).toBe(false);
    expect(bed.log.lines.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({
        entry: { id: 'nonsense' },
        message: 'a line of the journal cannot be read and is left there',
      }),
      expect.objectContaining({
        entry: { err: expect.any(Error), operationId: expect.stringMatching(/^op-/) },
        message: 'an order in the journal was not carried out',
      }),
    ]);
  });
});

describe('what is found to run again', () => {
  it('is marked killed again where its record says running, with the mark of the kill still in it', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    const { kill } = await bed.record('a1');
    const { confirmedAt: _, ...open } = kill as Record<string, unknown>;
    bed.store.seedForeign('a1', JSON.stringify({ agentId: 'a1', status: 'running', kill: open }));
    bed.store.memory.debts.set('h1', new Map([['a1', 0]]));
    await payDebts(bed.core, createInFlight(bed.core), stopOn(bed.core), bed.clock.now());
    expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
    expect(await agent.isAlive()).toBe(false);
  });

  it('is cleared away with the worktree that its record names', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    bed.trees.standing.add('/worktrees/a1');
    const again = bed.containers.spawn('a1');
    await startOn(bed.core);
    expect([await again.isRunning(), await agent.hasWorktree()]).toEqual([false, false]);
    expect(bed.store.memory.audit.at(-1)).toMatchObject({ operation: 'RESURRECTION', phase: 'settled' });
  });
});
