import { describe, expect, it } from 'vitest';
import { fakeCore, killAllOf, stopOn } from '../../fakes/core.js';

describe('a kill-all that selects nothing', () => {
  it.each([
    [{ taskId: 't9' }, ['no active agent is among the agents with task t9']],
    [{ taskId: 't1', host: 'h9' }, ['no active agent is among the agents with host h9']],
    [{ labels: { team: 'core', tier: '9' } }, ['no active agent is among the agents with label tier=9']],
    [{ agentIds: ['typo', 'done'] }, ['typo is no known agent', 'done is completed']],
    [{ agentIds: ['a1'], taskId: 't2' }, ['no active agent is among the agents with ID a1, task t2']],
  ])('by %j says which member matched no agent', async (selector, warnings) => {
    const bed = fakeCore();
    await bed.agent('a1', { members: { labels: { team: 'core' } } });
    await bed.agent('a2', { members: { taskId: 't2' } });
    await bed.agent('done', { status: 'completed', container: false });
    bed.store.seedForeign('bad', '?');
    expect(await stopOn(bed.core).stop(killAllOf({ selector }))).toMatchObject({ total: 0, warnings });
  });

  it('says nothing more of an empty selector', async () => {
    const receipt = await stopOn(fakeCore().core).stop(killAllOf());
    expect(receipt).toMatchObject({ message: 'No active agents to kill', total: 0 });
    expect(receipt).not.toHaveProperty('warnings');
  });
});
