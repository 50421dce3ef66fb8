import { describe, expect, it } from 'vitest';
import type { Core } from '../../../lib/ports/core.js';
import type { Target } from '../../../lib/ports/sandbox.js';
import { fakeCore, killOf, startOn, stopOn } from '../../fakes/core.js';
import { type FakeSandbox, fakeSandbox } from '../../fakes/sandbox.js';

/** A host with two engines side by side, and an agent in a container of each. */
async function openBoth(more: Partial<Omit<Core, 'limits'>> = {}) {
  const [docker, podman] = [fakeSandbox(), fakeSandbox({ kind: 'podman' })];
  const bed = fakeCore({ sandboxes: [docker, podman], scanners: [docker, podman], ...more });
  const targets = [docker.spawn('a1').target, podman.spawn('a1').target];
  const sandboxes = targets.flatMap(target => target.sandboxes ?? []);
  await bed.agent('a1', { container: false, worktree: false, members: { sandboxes } });
  return { ...bed, docker, podman, sandboxes, ids: targets.map(({ id }) => id) };
}
const refusing = (sandbox: FakeSandbox, id: string | undefined): FakeSandbox => ({
  ...sandbox,
  kill: async (target: Target, options) =>
    target.id === id
      ? { layer: 'container', outcome: 'refused', detail: 'no' }
      : sandbox.kill(target, options),
});

describe('an agent in containers of two engines', () => {
  it('has the word of each, and is dead when both are gone', async () => {
    const { core, ids, record } = await openBoth();
    const { verified, agents } = await stopOn(core).stop(killOf('a1'));
    expect([verified, agents[0]?.outcomes]).toMatchObject([
      true,
      [
        { layer: 'container', kind: 'docker', id: ids[0], outcome: 'removed' },
        { layer: 'container', kind: 'podman', id: ids[1], outcome: 'removed' },
      ],
    ]);
    expect(await record('a1')).toMatchObject({ kill: { pending: [], confirmedAt: expect.any(String) } });
  });

  it('owes each under a name of its own when it is marked', async () => {
    const { core, ids, podman, docker, record } = await openBoth();
    for (const sandbox of [podman, docker]) sandbox.inject('kill', 'hangs');
    const stopped = stopOn(core).stop(killOf('a1'), { answerWithinMs: 50 });
    expect((await stopped).agents[0]?.pending).toEqual(['container', `podman:${ids[1]}`]);
    expect(await record('a1')).toMatchObject({ kill: { pending: ['container', `podman:${ids[1]}`] } });
  });

  it('is not dead while one engine has not answered, whatever the other says', async () => {
    const { core, ids, podman, record } = await openBoth();
    podman.inject('kill', 'throws', { times: 2 });
    const stop = stopOn(core);
    const expected = {
      message: `Agent a1 is not confirmed dead: container ${ids[1]?.slice(0, 12)} failed`,
      agents: [{ verified: false, pending: [`podman:${ids[1]}`] }],
    };
    // A second kill finds the first engine's part gone, and the debt of the other still under its own name.
    for (const attempts of [1, 2]) {
      expect(await stop.stop(killOf('a1'))).toMatchObject(expected);
      expect(await record('a1')).toMatchObject({ kill: { attempts, pending: [`podman:${ids[1]}`] } });
    }
    expect(await stop.stop(killOf('a1'))).toMatchObject({ verified: true, pending: 0 });
    expect(await record('a1')).toMatchObject({ kill: { pending: [] } });
  });

  it('leaves the first one owed under the short form', async () => {
    const both = await openBoth();
    const core = { ...both.core, sandboxes: [refusing(both.docker, both.ids[0]), both.podman] };
    const { agents } = await stopOn(core).stop(killOf('a1'));
    expect(agents).toMatchObject([{ verified: false, pending: ['container'] }]);
    expect(await both.record('a1')).toMatchObject({
      kill: { pending: ['container'], lastError: `container ${both.ids[0]?.slice(0, 12)}: no` },
    });
  });

  it('goes on being owed in one that its record does not name any more', async () => {
    const { core, ids, podman, store, stored, record } = await openBoth();
    podman.inject('kill', 'throws');
    await stopOn(core).stop(killOf('a1'));
    const raw = JSON.parse((await stored('a1'))?.raw ?? '');
    store.seedForeign('a1', JSON.stringify({ ...raw, sandboxes: raw.sandboxes.slice(0, 1) }));
    expect(await stopOn(core).stop(killOf('a1'))).toMatchObject({
      agents: [
        { pending: [], outcomes: [{ kind: 'docker' }, { kind: 'podman', id: ids[1], outcome: 'removed' }] },
      ],
    });
    expect(await record('a1')).toMatchObject({ kill: { pending: [] } });
  });

  it('is found by its label in either, though the record names neither', async () => {
    const { core, store, record } = await openBoth();
    store.seedForeign('a1', '{"status":"running"}');
    expect(await stopOn(core).stop(killOf('a1'))).toMatchObject({
      verified: true,
      agents: [
        {
          outcomes: [
            { kind: 'docker', outcome: 'removed' },
            { kind: 'podman', outcome: 'removed' },
          ],
        },
      ],
    });
    expect(await record('a1')).toMatchObject({ kill: { pending: [] } });
  });

  it('is looked for again on the next start where the engine did not answer', async () => {
    const { core, podman, ids, record, clock } = await openBoth();
    podman.inject('kill', 'throws');
    await stopOn(core).stop(killOf('a1'));
    expect(await record('a1')).toMatchObject({ kill: { pending: [`podman:${ids[1]}`] } });
    clock.advance(1_000_000);
    await startOn(core);
    expect(await record('a1')).toMatchObject({ kill: { pending: [], confirmedAt: expect.any(String) } });
  });
});

describe('an agent in two containers of one engine', () => {
  it('is asked about one by one, and is dead when each is gone', async () => {
    const bed = fakeCore();
    const { containers } = bed;
    const [one, other] = [containers.spawn('a1').target, containers.spawn('a1').target];
    const sandboxes = [...(one.sandboxes ?? []), ...(other.sandboxes ?? [])];
    await bed.agent('a1', { container: false, worktree: false, members: { sandboxes } });
    const { verified, agents } = await stopOn(bed.core).stop(killOf('a1'));
    expect(verified).toBe(true);
    expect(agents[0]?.outcomes).toMatchObject([{ id: one.id }, { id: other.id }, { layer: 'process' }]);
  });

  it('is not dead by one of them', async () => {
    const bed = fakeCore();
    const own = bed.containers.spawn('a1').target;
    const stranger = bed.containers.spawn('a1', { labelled: false });
    const sandboxes = [...(own.sandboxes ?? []), ...(stranger.target.sandboxes ?? [])];
    await bed.agent('a1', { container: false, worktree: false, members: { sandboxes } });
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({
      verified: false,
      agents: [{ pending: [`docker:${stranger.target.id}`] }],
    });
    expect(await stranger.isRunning()).toBe(true);
  });
});

describe('an agent in a sandbox of a kind that this host does not have', () => {
  it('is stopped by the engine that is there, under the name that the record gives', async () => {
    const bed = fakeCore();
    const { id } = bed.containers.spawn('a1').target;
    const sandboxes = [{ kind: 'podman', id }];
    await bed.agent('a1', { container: false, worktree: false, members: { sandboxes } });
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({
      verified: true,
      agents: [{ outcomes: [{ kind: 'podman', id, outcome: 'removed' }, { kind: 'process' }] }],
    });
  });

  it('is never called dead', async () => {
    const bed = fakeCore();
    bed.containers.spawn('a1');
    const sandboxes = [{ kind: 'unit', id: 'agent-a1.service' }];
    await bed.agent('a1', { container: false, worktree: false, members: { sandboxes } });
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({ verified: false });
  });
});
