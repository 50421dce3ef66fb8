import { describe, expect, it } from 'vitest';
import { fakeCore, killAllOf, stopOn } from '../../fakes/core.js';
import { atDeadlines } from '../../fakes/deadlines.js';

describe('a kill-all', () => {
  it('takes what other programs wrote, what the index does not know, and each agent once', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.seedForeign('foreign', '{"status":"spawning"}');
    bed.store.seedForeign('odd', '?');
    bed.store.memory.active.add('gone').add('odd');
    const receipt = await stopOn(bed.core).stop(killAllOf());
    expect(receipt.agents.map(({ agentId }) => agentId).sort()).toEqual(['a1', 'foreign', 'odd']);
    expect(receipt).toMatchObject({ total: 3, killed: 2, failed: 1 });
    expect(receipt.errors).toEqual(['odd: the record is not JSON; stopped by its label alone']);
  });

  it('counts an agent once that a scan gives twice in one page', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.faults.lie('scan', truth => truth().map(page => [...page, ...page]));
    expect(await stopOn(bed.core).stop(killAllOf())).toMatchObject({ total: 1, killed: 1 });
  });

  it('keeps to its selector', async () => {
    const bed = fakeCore();
    const one = await bed.agent('a1');
    const other = await bed.agent('a2', { members: { taskId: 't2' } });
    const receipt = await stopOn(bed.core).stop(killAllOf({ selector: { taskId: 't1' } }));
    expect(receipt).toMatchObject({ total: 1, killed: 1 });
    expect([await one.isAlive(), await other.isAlive()]).toEqual([false, true]);
  });

  it('stops more than one page of agents', async () => {
    const bed = fakeCore();
    for (let n = 0; n < 2_100; n++) bed.store.seedForeign(`a${n}`, '{"status":"running"}');
    const receipt = await stopOn(bed.core).stop(killAllOf());
    expect(receipt).toMatchObject({ total: 2_100, killed: 2_100, failed: 0, pending: 0, verified: false });
    expect(receipt.agents).toHaveLength(1_000);
  });

  it('reports those it stopped when the store goes away while it looks for more', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const { records } = bed.core;
    const scan = (scope: 'active' | 'all') => {
      if (scope === 'all') bed.store.faults.fail('scan');
      return records.scan(scope);
    };
    const receipt = await stopOn({ ...bed.core, records: { ...records, scan } }).stop(killAllOf());
    expect(receipt).toMatchObject({ total: 1, killed: 1, degraded: true, verified: false });
    expect(await agent.isAlive()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill: { pending: ['worktree'] } });
    expect([...bed.journal.memory.keys()]).toEqual([receipt.operationId]);
  });

  it('reports those it stopped when something goes wrong while it looks for more', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { worktree: false });
    const { records } = bed.core;
    const scan = (scope: 'active' | 'all') => {
      if (scope === 'all') bed.store.faults.fail('scan', { error: new Error('broken') });
      return records.scan(scope);
    };
    const receipt = await stopOn({ ...bed.core, records: { ...records, scan } }).stop(killAllOf());
    expect(receipt).toMatchObject({ total: 1, killed: 1, incomplete: true, verified: false });
    expect(receipt.errors).toEqual(['selection: Something failed inside']);
    expect(await agent.isAlive()).toBe(false);
    expect(bed.store.memory.audit.at(-1)).toMatchObject({ phase: 'unconfirmed', total: 1, killed: 1 });
  });

  it.each<[phase: string, state: string]>([
    ['accepted', '"state":"running"'],
    ['settled', '"state":"ended"'],
  ])('is waited for by an orderly end, its audit as %s included', async (_, state) => {
    const bed = fakeCore();
    await bed.agent('a1');
    let go: () => void = () => undefined;
    const held = new Promise<void>(resolve => {
      go = resolve;
    });
    const { records } = bed.core;
    const commit: typeof records.commit = async steps => {
      if (steps[0]?.document.kind === 'operation' && steps[0].next?.includes(state)) await held;
      return records.commit(steps);
    };
    const stop = stopOn({
      ...bed.core,
      limits: { ...bed.core.limits, respondMs: 20 },
      records: { ...records, commit },
    });
    expect(await atDeadlines(() => stop.stop(killAllOf()))).toMatchObject({ killed: 1 });
    let isIdle = false;
    const idle = stop.idle().then(() => {
      isIdle = true;
    });
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    go();
    await idle;
    const phases = bed.store.memory.audit.flatMap(entry =>
      entry.operation === 'KILL_ALL_AGENTS' ? [entry.phase] : [],
    );
    expect(phases).toEqual(['accepted', 'settled']);
  });
});
