import { describe, expect, it } from 'vitest';
import { register } from '../../../lib/agents/register.js';
import type { Registration } from '../../../lib/domain/agent.js';
import { actorWith, holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killOf, stopOn } from '../../fakes/core.js';

const alice = actorWith();
const body: Registration = { status: 'running', taskId: 't1', host: 'h1', labels: { team: 'core' } };
const text =
  '{"agentId":"a1","status":"running","taskId":"t1","host":"h1","labels":{"team":"core"},"startedAt":"2026-11-22T10:00:00.000Z"}';

describe('registering an agent', () => {
  it('stores it, lets it into the index and writes the audit', async () => {
    const { core, store, log, stored } = fakeCore();
    expect(await register(core, alice, 'a1', body, 'req')).toEqual({ created: true, raw: text });
    expect(await stored('a1')).toEqual({ agentId: 'a1', raw: text, tombstoned: false });
    expect([...store.memory.active]).toEqual(['a1']);
    const entry = {
      timestamp: '2026-11-22T10:00:00.000Z',
      operation: 'REGISTER_AGENT',
      phase: 'done',
      requestId: 'req',
      actor: 'alice',
      agentId: 'a1',
      taskId: 't1',
      status: 'running',
    };
    expect(store.memory.audit).toEqual([entry]);
    expect(log.lines).toEqual([{ level: 'warn', entry, message: 'agent registered' }]);
  });

  it('is no error when it says the same again, also of a record that says more', async () => {
    const { core, store } = fakeCore();
    const foreign = '{"note":[],"labels":{"team":"core"},"status":"running","host":"h1","taskId":"t1"}';
    store.seedForeign('a1', foreign);
    expect(await register(core, alice, 'a1', body)).toEqual({ created: false, raw: foreign });
    expect(store.memory.audit).toEqual([]);
  });

  it.each(['{"status":"running","taskId":"t2"}', '{"status":"completed"}', 'not JSON', '[]'])(
    'is refused where another record stands: %s',
    async foreign => {
      const { core, store, stored } = fakeCore();
      store.seedForeign('a1', foreign);
      await expect(register(core, alice, 'a1', body)).rejects.toMatchObject({ code: 'agent_exists' });
      expect((await stored('a1'))?.raw).toBe(foreign);
    },
  );

  it('is refused for an ID that was killed, also when its record is gone', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    await expect(register(bed.core, alice, 'a1', body)).rejects.toMatchObject({ code: 'tombstoned' });
    bed.store.memory.documents.delete('agent:a1');
    await expect(register(bed.core, alice, 'a1', body)).rejects.toMatchObject({ code: 'tombstoned' });
    expect(await bed.stored('a1')).toBeUndefined();
  });

  it.each([
    ['without the scope', holding('agents:read', 'agents:kill')],
    ['outside of its agent', narrowedTo({ agentId: 'a2' })],
    ['outside of its task', narrowedTo({ taskId: 't2' })],
    ['outside of its host', narrowedTo({ host: 'h2' })],
  ])('is refused to a credential %s', async (_, actor) => {
    const { core, stored } = fakeCore();
    await expect(register(core, actor, 'a1', body)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await stored('a1')).toBeUndefined();
  });

  it('is refused to a narrowed credential for an agent that names no task', async () => {
    const { core } = fakeCore();
    const bare: Registration = { status: 'spawning' };
    await expect(register(core, narrowedTo({ taskId: 't1' }), 'a1', bare)).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await register(core, narrowedTo({ agentId: 'a1' }), 'a1', bare)).toMatchObject({ created: true });
  });

  it('lets one of many at a time create it', async () => {
    const { core } = fakeCore();
    const done = await Promise.all(Array.from({ length: 20 }, () => register(core, alice, 'a1', body)));
    expect(done.filter(({ created }) => created)).toHaveLength(1);
  });

  it('fails closed without a store', async () => {
    const { core, store } = fakeCore();
    store.faults.fail('commit');
    await expect(register(core, alice, 'a1', body)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
