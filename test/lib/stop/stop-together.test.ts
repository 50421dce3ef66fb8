import { describe, expect, it } from 'vitest';
import { fakeCore, killOf, stopOn } from '../../fakes/core.js';
import { atDeadlines } from '../../fakes/deadlines.js';

describe('commands at the same time', () => {
  it('let one of 50 kill the agent; the others get its operation, and it is cleaned up once', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const stop = stopOn(bed.core);
    const commands = Array.from({ length: 50 }, () => killOf('a1'));
    const answers = Promise.all(commands.map(command => stop.stop(command)));
    await expect.poll(() => bed.containers.calls.length).toBe(1);
    bed.containers.release();
    const receipts = await answers;
    const { operationId } = (await bed.record('a1'))['kill'] as { operationId: string };
    expect(commands.map(command => command.operationId)).toContain(operationId);
    expect(new Set(receipts.map(({ agents }) => agents[0]?.operationId))).toEqual(new Set([operationId]));
    expect(new Set(receipts.map(({ message }) => message))).toEqual(
      new Set(['Agent a1 killed successfully']),
    );
    expect(bed.containers.calls.filter(({ method }) => method === 'kill')).toHaveLength(1);
    expect(bed.trees.calls).toHaveLength(1);
    expect(bed.store.memory.audit.filter(({ phase }) => phase === 'accepted')).toHaveLength(1);
  });

  it('let one of 50 win although each reaches the store at another time', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const stop = stopOn(bed.core);
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, async (_, n) => {
        for (let turn = 0; turn < n; turn++) await Promise.resolve();
        return stop.stop(killOf('a1'));
      }),
    );
    const { operationId } = (await bed.record('a1'))['kill'] as { operationId: string };
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect(answer.value.agents[0]?.operationId).toBe(operationId);
      else expect(answer.reason).toMatchObject({ code: 'invalid_state' });
    }
    expect(answers[0]?.status).toBe('fulfilled');
    expect(bed.trees.calls).toHaveLength(1);
  });

  it('on two nodes clean up idempotently', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const nodes = [stopOn(bed.core), stopOn({ ...bed.core })];
    const receipts = await Promise.all(nodes.map(stop => stop.stop(killOf('a1'))));
    expect(receipts.map(({ message }) => message)).toEqual(Array(2).fill('Agent a1 killed successfully'));
    expect(bed.store.memory.audit.filter(({ phase }) => phase === 'settled')).toHaveLength(1);
  });

  it('kill different agents side by side', async () => {
    const bed = fakeCore();
    const ids = Array.from({ length: 20 }, (_, n) => `a${n}`);
    for (const agentId of ids) await bed.agent(agentId);
    bed.containers.inject('kill', 'hangs', { agentId: 'a0' });
    const stop = stopOn({ ...bed.core, limits: { ...bed.core.limits, killMs: 20 } });
    const receipts = await atDeadlines(() => Promise.all(ids.map(agentId => stop.stop(killOf(agentId)))));
    expect(receipts.filter(({ killed }) => killed === 1)).toHaveLength(19);
  });
});
