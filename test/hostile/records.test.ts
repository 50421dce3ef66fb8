import { describe, expect, it } from 'vitest';
import { openWorld } from '../integration/world.js';
import { storeKinds, tokenFor } from '../services/server.js';

// An agent with a token of its own, narrowed to it, tries to live on by what it writes into its record.
describe.each(storeKinds)('an agent that writes its own record, on %s', store => {
  const open = async () => {
    const world = await openWorld(store);
    const agent = await world.processAgent({ taskId: 't1', labels: { team: 'core' } });
    const path = `/agents/${agent.agentId}`;
    const token = await tokenFor(['agents:write'], { agentId: agent.agentId });
    const write = (body: object) => world.request('PATCH', path, { token, body });
    return { world, agent, path, write };
  };

  it('is killed though it says that it has completed', async () => {
    const { world, agent, path, write } = await open();
    expect((await write({ status: 'completed' })).status).toBe(200);
    const { status, body } = await world.request('POST', `${path}/kill`);
    expect({ status, verified: body.verified, before: body.statusBefore }).toEqual({
      status: 200,
      verified: true,
      before: 'completed',
    });
    expect(agent.tree.pids()).toEqual([]);
  });

  it.each([
    ['all', () => ({})],
    ['it by its ID', (agentId: string) => ({ agentIds: [agentId] })],
    ['its task', () => ({ taskId: 't1' })],
  ])('is killed by a kill of %s though it says that it has completed', async (_, selector) => {
    const { world, agent, write } = await open();
    await write({ status: 'completed' });
    const body = { selector: selector(agent.agentId) };
    const answer = await world.request('POST', '/agents/kill-all', { body });
    expect(answer).toMatchObject({ status: 200, body: { total: 1, killed: 1, verified: true } });
    expect(agent.tree.pids()).toEqual([]);
  });

  it.each([{ taskId: 'another' }, { host: 'elsewhere' }, { labels: {} }])(
    'does not get out of a selector by %j, nor of the reach of a commander of its task',
    async change => {
      const { world, agent, path, write } = await open();
      expect((await write(change)).status).toBe(403);
      const commander = await tokenFor(['agents:kill'], { taskId: 't1' });
      const { status } = await world.request('POST', `${path}/kill`, { token: commander });
      expect({ status, left: agent.tree.pids() }).toEqual({ status: 200, left: [] });
    },
  );
});
