import { describe, expect, it } from 'vitest';
import { storeKinds, tokenFor } from '../services/server.js';
import { openWorld } from './world.js';

describe.each(storeKinds)('killing all agents on %s', store => {
  it('says zero when there are no agents at all', async () => {
    const world = await openWorld(store);
    const { status, body } = await world.request('POST', '/agents/kill-all');
    expect(status).toBe(200);
    expect(body).toMatchObject({ total: 0, killed: 0, failed: 0, message: expect.any(String) });
    expect(body).not.toHaveProperty('errors');
  });

  it('kills all running and spawning agents, containers and processes, and what runs though its record says completed too', async () => {
    const world = await openWorld(store);
    const inContainer = await world.containerAgent({ worktree: true });
    const onHost = await world.processAgent({ worktree: true });
    const spawning = await world.agent({ status: 'spawning' });
    await spawning.register();
    const [ended, runsOn] = [await world.agent(), await world.containerAgent()];
    await ended.register();
    for (const { agentId } of [ended, runsOn]) {
      await world.request('PATCH', `/agents/${agentId}`, { body: { status: 'completed' } });
    }

    const { status, body } = await world.request('POST', '/agents/kill-all', { body: { reason: 'fire' } });
    expect(body).toMatchObject({ total: 4, killed: 4, failed: 0, pending: 0 });
    expect(status).toBe(200);
    expect(body.agents.map((one: { agentId: string }) => one.agentId).sort()).toEqual(
      [inContainer.agentId, onHost.agentId, spawning.agentId, runsOn.agentId].sort(),
    );
    for (const { container } of [inContainer, runsOn]) expect(container.pids()).toEqual([]);
    expect(onHost.tree.pids()).toEqual([]);
    const bulk = world.log.entries.filter(entry => entry['operation'] === 'KILL_ALL_AGENTS');
    expect(bulk).toMatchObject([
      { level: 'warn', phase: 'accepted' },
      { level: 'warn', phase: 'settled', total: 4, killed: 4, failed: 0 },
    ]);
  });

  it('filters by status, task, label and ID', async () => {
    const world = await openWorld(store);
    const first = await world.processAgent({ taskId: 't1', labels: { team: 'core' } });
    const second = await world.processAgent({ taskId: 't2', labels: { team: 'core' } });
    const third = await world.agent({ status: 'spawning', taskId: 't1' });
    await third.register();
    const killed = async (selector: object): Promise<string[]> => {
      const { body } = await world.request('POST', '/agents/kill-all', { body: { selector, dryRun: true } });
      return body.agents.map((one: { agentId: string }) => one.agentId).sort();
    };
    expect(await killed({ status: 'spawning' })).toEqual([third.agentId]);
    expect(await killed({ taskId: 't1' })).toEqual([first.agentId, third.agentId].sort());
    expect(await killed({ taskId: 't1', labels: { team: 'core' } })).toEqual([first.agentId]);
    expect(await killed({ agentIds: [second.agentId, 'nobody'] })).toEqual([second.agentId]);
    expect(await killed({ status: 'completed' })).toEqual([]);
    await world.request('POST', '/agents/kill-all', { body: { selector: { taskId: 't1' } } });
    expect(first.tree.pids()).toEqual([]);
    expect(second.tree.pids()).not.toEqual([]);
  });

  it('counts one that cannot be seen dead, tells why, and stops the others', async () => {
    const world = await openWorld(store);
    const sound = await world.containerAgent();
    const victim = await world.containerAgent();
    const hostile = await world.agent();
    await hostile.register({ containerId: victim.container.id });
    const selector = { agentIds: [sound.agentId, hostile.agentId] };
    const { status, body } = await world.request('POST', '/agents/kill-all', { body: { selector } });
    expect(status).toBe(202);
    expect(body).toMatchObject({ total: 2, killed: 1, failed: 1, pending: 1 });
    expect(body.errors).toEqual([expect.stringContaining(hostile.agentId)]);
    expect(sound.container.pids()).toEqual([]);
    expect(victim.container.pids()).toHaveLength(11);
  });

  it('reaches only what a narrowed token covers', async () => {
    const world = await openWorld(store);
    const inside = await world.processAgent({ taskId: 't1' });
    const outside = await world.processAgent({ taskId: 't2' });
    const token = await tokenFor(['agents:kill-all'], { taskId: 't1' });
    const { body } = await world.request('POST', '/agents/kill-all', { token });
    expect(body.agents.map((one: { agentId: string }) => one.agentId)).toEqual([inside.agentId]);
    expect(outside.tree.pids()).not.toEqual([]);
    const beyond = await world.request('POST', '/agents/kill-all', {
      token,
      body: { selector: { taskId: 't2' } },
    });
    expect(beyond.status).toBe(403);
  });

  it('stops thirty agents together', async () => {
    const world = await openWorld(store);
    const agents = await Promise.all(
      Array.from({ length: 30 }, () => world.processAgent({ worktree: false })),
    );
    const { status, body } = await world.request('POST', '/agents/kill-all');
    expect({ status, total: body.total, killed: body.killed }).toEqual({
      status: 200,
      total: 30,
      killed: 30,
    });
    expect(agents.flatMap(({ tree }) => tree.pids())).toEqual([]);
  });
});
