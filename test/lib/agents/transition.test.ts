import { describe, expect, it } from 'vitest';
import { transition } from '../../../lib/agents/transition.js';
import type { Transition } from '../../../lib/domain/agent.js';
import { mayBecome, statuses } from '../../../lib/domain/agent.js';
import { actorWith, holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killOf, stopOn } from '../../fakes/core.js';

const alice = actorWith();

describe('the state machine', () => {
  it.each(
    statuses.flatMap(from => (['running', 'completed', 'failed'] as const).map(to => [from, to] as const)),
  )('from %s to %s', async (from, to) => {
    const bed = fakeCore();
    await bed.agent('a1', { status: from });
    const moved = transition(bed.core, alice, 'a1', { status: to });
    if (from === 'killed') await expect(moved).rejects.toMatchObject({ code: 'tombstoned' });
    else if (mayBecome(from, to) || (from === to && from === 'running')) {
      expect(JSON.parse(await moved)).toMatchObject({ status: to });
      expect(bed.store.memory.active.has('a1')).toBe(to === 'running');
    } else {
      await expect(moved).rejects.toMatchObject({
        code: 'invalid_state',
        message: `Agent a1 is ${from}; it cannot become ${to}`,
      });
      expect(await bed.record('a1')).toMatchObject({ status: from });
    }
  });
});

describe('changing an agent', () => {
  it('adds what became known and leaves every other byte as it stands', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('a1', '{ "budget":12345678901234567890, "status":"spawning" }');
    const containerId = 'f'.repeat(64);
    const named = `"containerId":"${containerId}","sandboxes":[{"kind":"docker","id":"${containerId}"}]`;
    const raw = `{ "budget":12345678901234567890, "status":"running" ,${named}}`;
    expect(await transition(bed.core, alice, 'a1', { status: 'running', containerId }, 'req')).toBe(raw);
    expect((await bed.stored('a1'))?.raw).toBe(raw);
    expect([...bed.store.memory.active]).toEqual(['a1']);
    expect(bed.store.memory.audit).toMatchObject([
      {
        operation: 'TRANSITION_AGENT',
        phase: 'done',
        requestId: 'req',
        actor: 'alice',
        agentId: 'a1',
        statusBefore: 'spawning',
        status: 'running',
      },
    ]);
  });

  it('keeps the list of sandboxes and the short forms in line with each other', async () => {
    const bed = fakeCore();
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    const process = '"process": {"pid":42,"startTime":"7","note":[]}';
    bed.store.seedForeign('a1', `{"status":"running","containerId":"${a}",${process}}`);
    const change = (body: Transition) => transition(bed.core, alice, 'a1', body);
    const list = (...ids: string[]) => ids.map(id => ({ kind: id.includes(':') ? 'process' : 'docker', id }));
    await change({ containerId: b });
    expect(await bed.record('a1')).toMatchObject({ containerId: b, sandboxes: list(b, '42:7') });
    expect((await bed.stored('a1'))?.raw).toContain(process);
    await change({ sandboxes: [{ kind: 'process', id: '43:8' }] });
    expect(await bed.record('a1')).toEqual({
      status: 'running',
      process: { pid: 43, startTime: '8' },
      sandboxes: list('43:8'),
    });
    await change({ sandboxes: [] });
    expect(await bed.record('a1')).toEqual({ status: 'running', sandboxes: [] });
    expect(bed.core.recordCache.get('a1')).toMatchObject({ sandboxes: [] });
  });

  it('needs no new status', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'spawning' });
    await transition(bed.core, alice, 'a1', { labels: { team: 'core' } });
    expect(await bed.record('a1')).toMatchObject({ status: 'spawning', labels: { team: 'core' } });
  });

  it('is refused for one that is unknown, unreadable, or ended', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('odd', '{"status":"asleep"}');
    await bed.agent('done', { status: 'completed' });
    const labels = {};
    await expect(transition(bed.core, alice, 'nobody', { labels })).rejects.toMatchObject({
      code: 'agent_not_found',
    });
    await expect(transition(bed.core, alice, 'odd', { labels })).rejects.toMatchObject({
      code: 'unreadable_record',
      message: 'the status is unknown',
    });
    await expect(transition(bed.core, alice, 'done', { labels })).rejects.toMatchObject({
      code: 'invalid_state',
    });
  });

  it('does not bring a killed agent back, also when another program wrote over its record', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    bed.store.seedForeign('a1', '{"status":"spawning"}');
    for (const status of ['running', 'completed'] as const) {
      await expect(transition(bed.core, alice, 'a1', { status })).rejects.toMatchObject({
        code: 'tombstoned',
      });
    }
  });

  it('loses to a kill that comes in between', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'spawning' });
    const stop = stopOn(bed.core);
    const [killed, moved] = await Promise.allSettled([
      stop.stop(killOf('a1')),
      transition(bed.core, alice, 'a1', { status: 'running' }),
    ]);
    expect(killed.status).toBe('fulfilled');
    expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
    if (moved.status === 'rejected') expect(moved.reason).toMatchObject({ code: 'tombstoned' });
  });

  it.each([
    ['without the scope', holding('agents:read')],
    ['outside of its agent', narrowedTo({ agentId: 'a2' })],
    ['outside of its task', narrowedTo({ taskId: 't2' })],
  ])('is refused to a credential %s', async (_, actor) => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'spawning' });
    await expect(transition(bed.core, actor, 'a1', { status: 'running' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await bed.record('a1')).toMatchObject({ status: 'spawning' });
  });

  it('does not let a narrowed credential move an agent in or out', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('a2', { members: { taskId: 't2' } });
    const actor = narrowedTo({ taskId: 't1' });
    await expect(transition(bed.core, actor, 'a1', { taskId: 't2' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(transition(bed.core, actor, 'a2', { taskId: 't1' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(JSON.parse(await transition(bed.core, actor, 'a1', { status: 'failed' }))).toMatchObject({
      status: 'failed',
    });
  });

  it.each(['taskId', 'host', 'startedAt', 'labels'] as const)(
    'does not let an agent escape a selector by changing its own %s',
    async name => {
      const bed = fakeCore();
      await bed.agent('a1', { members: { host: 'h1', labels: { team: 'core' } } });
      const body = { taskId: 't9', host: 'h9', startedAt: '2026-11-22T11:00:00.000Z', labels: {} };
      const own = narrowedTo({ agentId: 'a1' });
      const change = transition(bed.core, own, 'a1', { [name]: body[name] });
      await expect(change).rejects.toMatchObject({
        code: 'forbidden',
        message: `A credential for this agent alone may not change its ${name}`,
      });
      await transition(bed.core, own, 'a1', { labels: { team: 'core' }, taskId: 't1', status: 'running' });
    },
  );
});
