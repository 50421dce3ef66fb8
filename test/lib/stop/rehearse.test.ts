import { describe, expect, it } from 'vitest';
import type { Core } from '../../../lib/ports/core.js';
import type { Sandbox } from '../../../lib/ports/sandbox.js';
import { createRehearsal } from '../../../lib/stop/rehearse.js';
import { fakeCore, killOf, stopOn } from '../../fakes/core.js';

/** Everything that a kill could leave behind. */
const traces = ({ core, store, log, journal, trees }: ReturnType<typeof fakeCore>) =>
  structuredClone({
    memory: store.memory,
    cached: [...core.recordCache],
    lines: log.lines.map(({ message }) => message),
    journal: journal.memory,
    trees: trees.calls,
  });

async function rehearse(core: Core) {
  const rehearsal = createRehearsal(core);
  const receipt = await stopOn(rehearsal.core).stop(killOf(rehearsal.agentId));
  return { ...rehearsal, receipt };
}

describe('a rehearsal of a kill', () => {
  it('goes the whole way to the sandboxes, and finds nothing there', async () => {
    const bed = fakeCore();
    const { agentId, receipt } = await rehearse(bed.core);
    for (const sandbox of [bed.containers, bed.processes]) {
      expect(sandbox.calls).toEqual([{ method: 'kill', agentId, graceMs: 0 }]);
    }
    expect(receipt).toMatchObject({ total: 1, pending: 0 });
  });

  it('has a sandbox that can rehearse look for the agent only every fourth time', async () => {
    const bed = fakeCore();
    const seen: string[] = [];
    const sandbox: Sandbox = {
      ...bed.containers,
      rehearse: async ({ agentId }) => {
        seen.push(agentId);
        return { layer: 'container', outcome: 'dead' };
      },
    };
    const { core, agentId } = createRehearsal({ ...bed.core, sandboxes: [sandbox] });
    const { stop, idle } = stopOn(core);
    for (const _ of Array(5)) await stop(killOf(agentId));
    await idle();
    expect(bed.containers.calls.filter(({ method }) => method === 'kill')).toHaveLength(2);
    expect(seen).toEqual([agentId, agentId, agentId]);
  });

  it('asks the store for the mark, and leaves nothing there, in the log or in what is remembered', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const before = traces(bed);
    let marks = 0;
    const commit: Core['records']['commit'] = steps => {
      marks += steps.filter(({ document }) => document.kind === 'agent').length;
      return bed.core.records.commit(steps);
    };
    const { agentId } = await rehearse({ ...bed.core, records: { ...bed.core.records, commit } });
    expect(marks).toBeGreaterThan(0);
    expect(traces(bed)).toEqual(before);
    expect([bed.core.recentKills.has(agentId), await agent.isAlive()]).toEqual([false, true]);
  });

  it('writes no order down where the store does not answer', async () => {
    const bed = fakeCore();
    bed.store.faults.fail('agents');
    const before = traces(bed);
    await rehearse(bed.core);
    expect(traces(bed)).toEqual(before);
  });

  it('is always of its own agent, whatever target is given', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const { core } = createRehearsal(bed.core);
    const [sandbox] = core.sandboxes;
    const target = { agentId: 'a1', operationId: 'op' };
    const bounds = { graceMs: 0, deadline: new AbortController().signal };
    await expect(sandbox?.kill(target, bounds)).rejects.toThrow('one agent alone');
    await sandbox?.remove(target, bounds.deadline);
    expect([await agent.isAlive(), bed.containers.calls]).toEqual([true, []]);
  });
});
