import { describe, expect, it } from 'vitest';
import { dismissOperation } from '../../../lib/stop/dismiss.js';
import { refreshOperation } from '../../../lib/stop/refresh-receipt.js';
import { findOperation, getOperation } from '../../../lib/store/operation.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;
const look = async ({ core }: Bed, operationId: string) =>
  refreshOperation(core, await getOperation(core, actorWith(), operationId));

describe('the stored receipt of an operation', () => {
  it('follows what is settled later', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('a2');
    bed.containers.inject('kill', 'throws', { agentId: 'a2' });
    const command = killAllOf();
    const first = await stopOn(bed.core).stop(command);
    expect(first).toMatchObject({ killed: 1, failed: 1, pending: 1 });
    expect((await look(bed, command.operationId)).receipt).toMatchObject({ killed: 1, pending: 1 });
    await startOn(bed.core);
    const { receipt } = await look(bed, command.operationId);
    expect(receipt).toMatchObject({
      message: '2 of 2 agents killed',
      verified: true,
      killed: 2,
      failed: 0,
      pending: 0,
      refused: 0,
    });
    expect(receipt).not.toHaveProperty('errors');
    expect(receipt?.agents.map(({ pending }) => pending)).toEqual([[], []]);
    const found = await findOperation(bed.core, command.operationId);
    expect(found?.operation?.receipt).toEqual(receipt);
  });

  it('of one kill says the new message', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('remove', 'throws');
    const command = killOf('a1');
    expect((await stopOn(bed.core).stop(command)).message).toBe(
      'Agent a1 is dead; not cleaned up yet: container',
    );
    await startOn(bed.core);
    expect((await look(bed, command.operationId)).receipt).toMatchObject({
      message: 'Agent a1 killed successfully',
      verified: true,
    });
  });

  it('shows what was given up as owed no more, and as unverified', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'throws');
    const command = killOf('a1');
    await stopOn(bed.core).stop(command);
    await dismissOperation(bed.core, { operationId: command.operationId, actor: actorWith(), reason: 'x' });
    expect((await look(bed, command.operationId)).receipt).toMatchObject({
      verified: false,
      pending: 0,
      failed: 1,
      agents: [{ pending: [], verified: false }],
    });
  });

  it('is answered with although it cannot be kept', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'throws');
    const command = killOf('a1');
    await stopOn(bed.core).stop(command);
    await startOn(bed.core);
    bed.store.faults.fail('commit');
    expect((await look(bed, command.operationId)).receipt).toMatchObject({ verified: true, pending: 0 });
    const found = await findOperation(bed.core, command.operationId);
    expect(found?.operation?.receipt).toMatchObject({ pending: 1 });
  });

  it('keeps the sentences that are about no agent, and those of agents that were never marked', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('bad', '?');
    await bed.agent('a1');
    bed.containers.inject('kill', 'throws', { agentId: 'a1' });
    const command = killAllOf();
    await stopOn(bed.core).stop(command);
    await startOn(bed.core);
    expect((await look(bed, command.operationId)).receipt).toMatchObject({
      killed: 1,
      failed: 1,
      errors: ['bad: the record is not JSON; stopped by its label alone'],
    });
  });
});
