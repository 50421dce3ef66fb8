import { describe, expect, it } from 'vitest';
import { openStore } from '../../functions/node.js';
import { readConfig } from '../../functions/server/read-environment.js';
import { latchLimits } from '../../lib/agents/engage-latch.js';
import { LATCH } from '../../lib/agents/latch.js';
import { openWorld } from '../integration/world.js';
import { afterFile } from '../services/registry.js';
import { storeKinds, tokenFor } from '../services/server.js';

let labels = 0;
/** Nobody else's agents carry this label: the latch stops what starts. */
const apart = () => ({
  KILLSWITCH_SANDBOX: 'docker',
  KILLSWITCH_AGENT_LABEL: `hostile-latch-${process.pid}-${labels++}`,
});

describe.each(storeKinds)('on %s, who wants past the emergency stop', store => {
  it('does not get past it by a change of what it selects', async () => {
    const world = await openWorld(store, apart());
    const agent = await world.agent({ status: 'spawning', taskId: 't1' });
    await agent.registered();
    await world.request('POST', '/latch', { body: { selector: { taskId: 't1' } } });
    await world.request('POST', '/latch', { body: { selector: { taskId: 't2' } } });
    for (const body of [
      { status: 'running', taskId: 't3' },
      { status: 'running', taskId: 't2' },
      { taskId: 't3' },
      { status: 'running' },
    ]) {
      const { status } = await world.request('PATCH', `/agents/${agent.agentId}`, { body });
      expect([body, status]).toEqual([body, 409]);
    }
    expect((await world.request('GET', `/agents/${agent.agentId}`)).body).toMatchObject({
      status: 'spawning',
      taskId: 't1',
    });
  });

  it('does not get rid of it by deleting it from the store', async () => {
    const world = await openWorld(store, apart());
    const other = await openStore(readConfig(world.environment), world.log);
    afterFile(() => other.close());
    await world.request('POST', '/latch', { body: { selector: { taskId: 't1' }, reason: 'fire' } });
    const health = async () => {
      const { body } = await world.request('GET', '/readyz');
      return body.ports.find(({ name }: { name: string }) => name === 'latch');
    };
    const audited = async () => (await world.request('GET', '/audit')).text;
    const [raw] = await other.records.read([LATCH]);
    await other.records.commit([{ document: LATCH, expect: raw ?? null, next: null, audit: [] }]);
    await expect.poll(audited, { timeout: 20_000 }).toContain('RESTORE_LATCH');
    await expect.poll(health).toMatchObject({ ok: false });
    await expect
      .poll(async () => (await world.request('GET', '/latch')).body, { timeout: 10_000 })
      .toMatchObject({ engaged: true, by: 'tests', reason: 'fire' });
    expect((await world.request('DELETE', '/latch', { body: { reason: 'out' } })).body).toEqual({
      engaged: false,
    });
    await expect.poll(health, { timeout: 10_000 }).toMatchObject({ ok: true });
    expect((await world.request('GET', '/latch')).body).toEqual({ engaged: false });
  });

  it('does not grow it without bound', async () => {
    const world = await openWorld(store, apart());
    const token = await tokenFor(['latch:engage', 'agents:read'], { agentId: 'a1' });
    const long = 'x'.repeat(1_000);
    const statuses: number[] = [];
    for (let n = 0; n < 20; n++) {
      const many = Object.fromEntries(Array.from({ length: n < 10 ? 3 : 40 }, (_, m) => [`${n}-${m}`, long]));
      const body = { selector: { labels: many } };
      statuses.push((await world.request('POST', '/latch', { body, token })).status);
    }
    expect(statuses.filter(status => status === 200)).toHaveLength(latchLimits.narrowed.ofOneSubject);
    expect(new Set(statuses)).toEqual(new Set([200, 409]));
    const { body } = await world.request('POST', '/latch', { body: { reason: 'all of them' } });
    expect(body).toMatchObject({ engaged: true });
    expect(JSON.stringify(body).length).toBeLessThan(latchLimits.bytes);
  });
});
