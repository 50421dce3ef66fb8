import { describe, expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { LATCH } from '../../../lib/agents/latch.js';
import { register } from '../../../lib/agents/register.js';
import { resetLatch } from '../../../lib/agents/reset-latch.js';
import { transition } from '../../../lib/agents/transition.js';
import type { Core } from '../../../lib/ports/core.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';

const alice = actorWith();
const order = { operationId: 'op', actor: alice, reason: 'drill' };
const latched = { code: 'latched', status: 409 };

/** The same store, in which something happens just before the first commit. */
function meddledBy(core: Core, act: () => Promise<unknown>): Core {
  let done = false;
  const commit: Core['records']['commit'] = async steps => {
    if (!done) {
      done = true;
      await act();
    }
    return core.records.commit(steps);
  };
  return { ...core, records: { ...core.records, commit } };
}

describe('while the emergency stop is engaged', () => {
  it('no agent is registered as active', async () => {
    const { core, stored } = fakeCore();
    await engageLatch(core, order);
    for (const status of ['spawning', 'running'] as const) {
      await expect(register(core, alice, 'a1', { status })).rejects.toMatchObject(latched);
    }
    expect(await stored('a1')).toBeUndefined();
  });

  it('no agent goes from spawning to running, but one that ends may end', async () => {
    const { core, agent, record } = fakeCore();
    await agent('a1', { status: 'spawning' });
    await engageLatch(core, order);
    await expect(transition(core, alice, 'a1', { status: 'running' })).rejects.toMatchObject(latched);
    expect(await record('a1')).toMatchObject({ status: 'spawning' });
    await transition(core, alice, 'a1', { status: 'completed' });
    expect(await record('a1')).toMatchObject({ status: 'completed' });
  });

  it('what becomes known of an agent that runs already is taken', async () => {
    const { core, agent, record } = fakeCore();
    await agent('a1');
    await engageLatch(core, order);
    await transition(core, alice, 'a1', { taskId: 't9' });
    expect(await record('a1')).toMatchObject({ status: 'running', taskId: 't9' });
  });

  it('no agent becomes active in one step with what takes it out of a hold, or into one', async () => {
    const { core, agent, record } = fakeCore();
    await agent('a1', { status: 'spawning' });
    await engageLatch(core, { ...order, selector: { taskId: 't2' } });
    const into = { status: 'running', taskId: 't2' } as const;
    await expect(transition(core, alice, 'a1', into)).rejects.toMatchObject(latched);
    await engageLatch(core, { ...order, selector: { taskId: 't1' } });
    const outOf = { status: 'running', taskId: 't3' } as const;
    await expect(transition(core, alice, 'a1', outOf)).rejects.toMatchObject(latched);
    expect(await record('a1')).toMatchObject({ status: 'spawning', taskId: 't1' });
  });

  it.each(['spawning', 'running'] as const)(
    'a %s one steps neither out of a hold nor into one',
    async status => {
      const { core, agent, record } = fakeCore();
      await agent('a1', { status });
      await engageLatch(core, { ...order, selector: { taskId: 't2' } });
      await expect(transition(core, alice, 'a1', { taskId: 't2' })).rejects.toMatchObject(latched);
      await engageLatch(core, { ...order, selector: { labels: { team: 'core' } } });
      await expect(transition(core, alice, 'a1', { labels: { team: 'core' } })).rejects.toMatchObject(
        latched,
      );
      await engageLatch(core, { ...order, selector: { taskId: 't1' } });
      await expect(transition(core, alice, 'a1', { taskId: 't3' })).rejects.toMatchObject(latched);
      await transition(core, alice, 'a1', { labels: { team: 'core' } });
      expect(await record('a1')).toMatchObject({ status, taskId: 't1', labels: { team: 'core' } });
    },
  );

  it('one that was found running is not registered out of a hold', async () => {
    const { core, agent } = fakeCore();
    await agent('a1', { members: { source: 'observed' } });
    await engageLatch(core, { ...order, selector: { source: 'observed' } });
    await expect(register(core, alice, 'a1', { status: 'running' })).rejects.toMatchObject(latched);
  });

  it('the same registration again is still no error', async () => {
    const { core } = fakeCore();
    await register(core, alice, 'a1', { status: 'running' });
    await engageLatch(core, order);
    expect(await register(core, alice, 'a1', { status: 'running' })).toMatchObject({ created: false });
  });

  it('for some, the others go on', async () => {
    const { core } = fakeCore();
    await engageLatch(core, { ...order, selector: { taskId: 't1' } });
    await engageLatch(core, { ...order, selector: { labels: { team: 'core' } } });
    const body = { status: 'running' } as const;
    await expect(register(core, alice, 'a1', { ...body, taskId: 't1' })).rejects.toMatchObject(latched);
    const labels = { team: 'core' };
    await expect(register(core, alice, 'a1', { ...body, labels })).rejects.toMatchObject(latched);
    expect(await register(core, alice, 'a1', { ...body, taskId: 't2' })).toMatchObject({ created: true });
  });

  it('and unreadable, no agent is let in', async () => {
    const { core, store } = fakeCore();
    await core.records.commit([{ document: LATCH, expect: null, next: '?', audit: [] }]);
    await expect(register(core, alice, 'a1', { status: 'running' })).rejects.toMatchObject(latched);
    store.faults.lie('read', () => [undefined]);
    await expect(register(core, alice, 'a1', { status: 'running' })).rejects.toMatchObject(latched);
  });

  it('and released again, every agent may start', async () => {
    const { core } = fakeCore();
    await engageLatch(core, order);
    await resetLatch(core, order);
    expect(await register(core, alice, 'a1', { status: 'running' })).toMatchObject({ created: true });
  });
});

describe('an emergency stop that is engaged between reading and writing', () => {
  it('still keeps a registration out', async () => {
    const { core, stored } = fakeCore();
    const meddled = meddledBy(core, () => engageLatch(core, order));
    await expect(register(meddled, alice, 'a1', { status: 'spawning' })).rejects.toMatchObject(latched);
    expect(await stored('a1')).toBeUndefined();
  });

  it('still keeps a spawning agent from running', async () => {
    const { core, agent, record } = fakeCore();
    await agent('a1', { status: 'spawning' });
    const meddled = meddledBy(core, () => engageLatch(core, order));
    await expect(transition(meddled, alice, 'a1', { status: 'running' })).rejects.toMatchObject(latched);
    expect(await record('a1')).toMatchObject({ status: 'spawning' });
  });

  it('for others costs one more round and no more', async () => {
    const { core } = fakeCore();
    const meddled = meddledBy(core, () => engageLatch(core, { ...order, selector: { taskId: 't1' } }));
    expect(await register(meddled, alice, 'a1', { status: 'running' })).toMatchObject({ created: true });
  });
});
