import { describe, expect, it } from 'vitest';
import { dismissOperation } from '../../../lib/stop/dismiss.js';
import { actorWith, holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';
import { atDeadlines } from '../../fakes/deadlines.js';

type Bed = ReturnType<typeof fakeCore>;

/** Its record names a container that carries no label, so a guard refuses it. */
async function refused(bed: Bed, agentId = 'a1') {
  const stranger = bed.containers.spawn(agentId, { labelled: false });
  const { id: containerId } = stranger.target;
  await bed.agent(agentId, { container: false, worktree: false, members: { containerId } });
  return stranger;
}
const order = (operationId: string) => ({ operationId, actor: actorWith(), reason: 'it is a test machine' });

describe('a refusal', () => {
  it('stays open: owed, told, never confirmed, and tried again by every later kill', async () => {
    const bed = fakeCore();
    const stranger = await refused(bed);
    const stop = stopOn(bed.core);
    for (const attempts of [1, 2]) {
      expect(await stop.stop(killOf('a1'))).toMatchObject({
        message: 'Agent a1 is not confirmed dead: container refused',
        verified: false,
        killed: 0,
        pending: 1,
        refused: 1,
      });
      const { kill } = (await bed.record('a1')) as { kill: object };
      expect(kill).toMatchObject({ pending: ['container'], attempts });
      expect(kill).not.toHaveProperty('confirmedAt');
    }
    expect(bed.store.memory.audit.map(({ phase }) => phase)).not.toContain('settled');
    expect(await stranger.isRunning()).toBe(true);
  });

  it('is retried by the reconcile, and settles when what was refused is gone', async () => {
    const bed = fakeCore();
    const { target } = await refused(bed);
    await stopOn(bed.core).stop(killOf('a1'));
    await startOn(bed.core);
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: ['container'], attempts: 2 } });
    bed.containers.vanish(target);
    await startOn(bed.core);
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: [], confirmedAt: expect.any(String) } });
  });
});

describe('a dismissal', () => {
  it('ends what an operation owes, by a person, with a reason, and confirms nothing', async () => {
    const bed = fakeCore();
    await refused(bed);
    await bed.agent('a2');
    const command = killAllOf();
    await stopOn(bed.core).stop(command);
    expect(await dismissOperation(bed.core, order(command.operationId))).toEqual({
      operationId: command.operationId,
      message: '1 agent given up by alice: what was owed is not tried again, and was not confirmed',
      agents: ['a1'],
    });
    const { kill } = (await bed.record('a1')) as { kill: object };
    expect(kill).toMatchObject({ pending: [], dismissed: { by: 'alice', reason: 'it is a test machine' } });
    expect(kill).not.toHaveProperty('confirmedAt');
    expect(bed.store.memory.audit.at(-1)).toMatchObject({
      operation: 'DISMISS_AGENT',
      agentId: 'a1',
      actor: 'alice',
      reason: 'it is a test machine',
    });
    const before = bed.containers.calls.filter(({ method }) => method === 'kill').length;
    await startOn(bed.core);
    expect(bed.containers.calls.filter(({ method }) => method === 'kill')).toHaveLength(before);
    expect(await dismissOperation(bed.core, order(command.operationId))).toMatchObject({
      message: 'Nothing is owed under this operation',
      agents: [],
    });
  });

  it('does not keep a later kill from trying again', async () => {
    const bed = fakeCore();
    await refused(bed);
    const command = killOf('a1');
    const stop = stopOn(bed.core);
    await atDeadlines(() => stop.stop(command));
    await dismissOperation(bed.core, order(command.operationId));
    expect(await stop.stop(killOf('a1'))).toMatchObject({ pending: 1, refused: 1 });
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: ['container'] } });
  });

  it('is not undone by work that was under way', async () => {
    const bed = fakeCore({ limits: { respondMs: 20 } });
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const stop = stopOn(bed.core);
    const command = killOf('a1');
    await atDeadlines(() => stop.stop(command));
    await dismissOperation(bed.core, order(command.operationId));
    bed.containers.release();
    await stop.idle();
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: [], dismissed: { by: 'alice' } } });
  });

  it.each([
    ['an unknown operation', 'none', actorWith(), 'operation_not_found'],
    ['who may not reset the latch', undefined, holding('agents:kill'), 'forbidden'],
    ['a narrowed credential', undefined, narrowedTo({ agentId: 'a1' }), 'forbidden'],
  ])('is refused for %s', async (_, unknown, actor, code) => {
    const bed = fakeCore();
    await refused(bed);
    const command = killOf('a1');
    await stopOn(bed.core).stop(command);
    const operationId = unknown ?? command.operationId;
    const work = dismissOperation(bed.core, { operationId, actor, reason: 'x' });
    await expect(work).rejects.toMatchObject({ code });
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: ['container'] } });
  });

  it('leaves alone a record that was written over since', async () => {
    const bed = fakeCore();
    await refused(bed);
    const command = killOf('a1');
    await stopOn(bed.core).stop(command);
    bed.store.seedForeign('a1', '?');
    expect(await dismissOperation(bed.core, order(command.operationId))).toMatchObject({ agents: [] });
    expect((await bed.stored('a1'))?.raw).toBe('?');
  });
});
