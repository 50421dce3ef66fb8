import { describe, expect, it } from 'vitest';
import { holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf, stopOn } from '../../fakes/core.js';

describe('a credential', () => {
  it('needs the scope of the command, and nothing is done or audited without', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const stop = stopOn(bed.core);
    for (const command of [
      killOf('a1', { actor: holding('agents:kill-all', 'agents:read') }),
      killAllOf({ actor: holding('agents:kill', 'agents:read') }),
      killOf('a1', { actor: narrowedTo({ agentId: 'a2' }) }),
      killOf('a1', { actor: narrowedTo({ taskId: 't2' }) }),
      killAllOf({ actor: narrowedTo({ taskId: 't2' }), selector: { taskId: 't1' } }),
      killAllOf({ actor: narrowedTo({ agentId: 'a2' }), selector: { agentIds: ['a1'] } }),
    ]) {
      await expect(stop.stop(command)).rejects.toMatchObject({ code: 'forbidden' });
    }
    await stop.idle();
    expect(await agent.isAlive()).toBe(true);
    expect([...bed.store.memory.audit, ...bed.log.lines]).toEqual([]);
  });

  it('that is narrowed stops what lies inside', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const other = await bed.agent('a2', { members: { taskId: 't2' } });
    const stop = stopOn(bed.core);
    const actor = narrowedTo({ taskId: 't1' });
    expect(await stop.stop(killAllOf({ actor }))).toMatchObject({ total: 1, killed: 1 });
    expect(await other.isAlive()).toBe(true);
    const receipt = await stop.stop(killOf('a2', { actor: narrowedTo({ taskId: 't2', agentId: 'a2' }) }));
    expect(receipt).toMatchObject({ killed: 1 });
  });

  it('that is narrowed to a task or host does not reach an unreadable record, whose ever it is', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('odd', '?');
    const agent = bed.containers.spawn('odd');
    const stop = stopOn(bed.core);
    for (const within of [{ taskId: 't1' }, { host: 'h1' }]) {
      await expect(stop.stop(killOf('odd', { actor: narrowedTo(within) }))).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
    expect(await agent.isRunning()).toBe(true);
    await stop.stop(killOf('odd', { actor: narrowedTo({ agentId: 'odd' }) }));
    expect(await agent.isRunning()).toBe(false);
  });
});
