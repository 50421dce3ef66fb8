import { expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';

it('The emergency stop that is engaged for several is not engaged anew for one of them', async () => {
  const { core, store } = fakeCore();
  const engage = (operationId: string, taskId: string) =>
    engageLatch(core, { operationId, actor: actorWith(), selector: { taskId } });
  await engage('op-1', 't1');
  await engage('op-2', 't2');
  const { holds } = await engage('op-3', 't1');
  expect(holds.map(({ operationId }) => operationId)).toEqual(['op-1', 'op-2']);
  expect(store.memory.audit).toHaveLength(2);
});
