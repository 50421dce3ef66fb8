import { describe, expect, it } from 'vitest';
import { startContainer } from '../services/agents.js';
import { storeKinds, tokenFor } from '../services/server.js';
import { openWorld } from './world.js';

let labels = 0;
/** Nobody else's containers carry this label, and host processes are left out: the latch stops whoever starts. */
const apart = () => ({
  KILLSWITCH_SANDBOX: 'docker',
  KILLSWITCH_AGENT_LABEL: `latch-${process.pid}-${labels++}`,
});

describe.each(storeKinds)('the latch on %s', store => {
  it('lets no agent become active until it is reset, which takes a scope and a reason and starts nothing', async () => {
    const world = await openWorld(store, apart());
    const spawning = await world.agent({ status: 'spawning' });
    await spawning.register();
    const running = await world.containerAgent();
    const { status, body } = await world.request('POST', '/agents/kill-all', {
      body: { latch: true, reason: 'fire', selector: { status: 'running' } },
    });
    expect([status, body.total, running.container.pids()]).toEqual([200, 1, []]);

    const engaged = await world.request('POST', '/latch', { body: { reason: 'fire' } });
    expect(engaged.body).toMatchObject({ engaged: true, by: 'tests', holds: [{}, { selector: {} }] });
    const fresh = await world.agent();
    const latched = { status: 409, code: 'latched' };
    expect((await fresh.register()).body).toMatchObject(latched);
    const run = { body: { status: 'running' } };
    expect((await world.request('PATCH', `/agents/${spawning.agentId}`, run)).body).toMatchObject(latched);

    const reason = { body: { reason: 'put out' } };
    const engagerOnly = { ...reason, token: await tokenFor(['latch:engage', 'agents:read']) };
    expect((await world.request('DELETE', '/latch', engagerOnly)).status).toBe(403);
    expect((await world.request('DELETE', '/latch')).status).toBe(400);
    expect((await fresh.register()).body).toMatchObject(latched);

    expect((await world.request('DELETE', '/latch', reason)).body).toEqual({ engaged: false });
    expect((await world.request('GET', `/agents/${spawning.agentId}`)).body).toMatchObject({
      status: 'spawning',
    });
    expect((await fresh.register()).status).toBe(201);
    expect(running.container.pids()).toEqual([]);
  });

  it('is engaged once for a key, so that what was recorded does not undo a reset', async () => {
    const world = await openWorld(store, apart());
    const again = { body: { selector: { taskId: 't9' } }, headers: { 'idempotency-key': 'k1' } };
    expect((await world.request('POST', '/latch', again)).body).toMatchObject({ engaged: true });
    await world.request('DELETE', '/latch', { body: { reason: 'over' } });
    expect((await world.request('POST', '/latch', again)).body).toEqual({ engaged: false });
  });

  it('outlives the server, and holds for the tasks that it names alone', async () => {
    const world = await openWorld(store, apart());
    await world.request('POST', '/latch', { body: { selector: { taskId: 't1' } } });
    await world.close();
    const again = await openWorld(store, world.environment);
    expect((await again.request('GET', '/latch')).body).toMatchObject({ selector: { taskId: 't1' } });
    const [held, free] = [await again.agent({ taskId: 't1' }), await again.agent({ taskId: 't2' })];
    expect([(await held.register()).status, (await free.register()).status]).toEqual([409, 201]);
  });

  it('stops a container that is started against it, registered or not', async () => {
    const world = await openWorld(store, apart());
    const label = world.environment['KILLSWITCH_AGENT_LABEL'] as string;
    const before = await startContainer({ agentId: 'before', label });
    await world.request('POST', '/latch', { body: { reason: 'fire' } });
    // Not awaited: it may be dead before it says its first word.
    void startContainer({ agentId: 'after', label }).catch(() => undefined);
    await expect
      .poll(() => world.log.entries.filter(({ operation }) => operation === 'LATCH_ENFORCED'), {
        timeout: 10_000,
      })
      .toMatchObject([
        { agentId: 'after', actor: 'killswitch', phase: 'settled', outcomes: [{ outcome: 'removed' }] },
      ]);
    expect(before.pids()).toHaveLength(11);
  });
});
