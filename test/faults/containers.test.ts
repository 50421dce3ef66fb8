import type Docker from 'dockerode';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { engine, startContainer } from '../services/agents.js';
import { afterFile } from '../services/registry.js';
import { call, type ServerProcess, startBuiltServer } from '../services/server.js';
import { openScene, type Scene, uniqueId } from './scene.helper.js';

let scene: Scene;
let server: ServerProcess;
beforeAll(async () => {
  scene = await openScene('valkey');
  server = await startBuiltServer(scene.environment);
});

const post = (agentId: string) => call(server.url, 'POST', `/agents/${agentId}/kill`);
const register = (agentId: string, body: object) => call(server.url, 'PUT', `/agents/${agentId}`, { body });
const record = async (agentId: string) => (await call(server.url, 'GET', `/agents/${agentId}`)).body;

const containersOf = async (agentId: string): Promise<string[]> => {
  const filters = { label: [`${scene.label}=${agentId}`] };
  return (await engine().listContainers({ all: true, filters })).map(({ Id }) => Id);
};
const shell = (script: string, more: Docker.ContainerCreateOptions = {}) => ({
  extra: { ...more, Cmd: ['sh', '-c', script] },
});
const untilProcesses = (container: { pids(): number[] }, atLeast: number): Promise<void> =>
  expect.poll(() => container.pids().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(atLeast);

interface Kind {
  readonly title: string;
  readonly options?: Partial<Parameters<typeof startContainer>[0]>;
  /** How many processes there are when it is killed. */
  readonly processes?: number;
  readonly after?: (container: Docker.Container) => Promise<unknown>;
}

const kinds: readonly Kind[] = [
  { title: 'that restarts always', options: { restart: 'always' } },
  { title: 'that is removed as it ends', options: { extra: { HostConfig: { AutoRemove: true } } } },
  { title: 'that is paused', after: container => container.pause() },
  { title: 'that has ended', options: shell('exit 3'), processes: 0, after: container => container.wait() },
  {
    title: 'with a fork bomb that its limit holds',
    options: shell("yes 'sleep 100000 &' | sh -i 2>/dev/null", { HostConfig: { PidsLimit: 64 } }),
    processes: 60,
  },
  { title: 'of 200 processes', options: { processes: 200 }, processes: 200 },
  {
    title: 'with a shell that somebody opened in it',
    processes: 12,
    after: async container => {
      const exec = await container.exec({ Cmd: ['sh', '-c', 'sleep 100000; :'] });
      await exec.start({ Detach: true });
    },
  },
  {
    title: 'with a tree of daemons',
    options: shell(
      'd="setsid sleep 100000 &"; (setsid sh -c "$d $d (setsid sh -c \'$d $d\' &)" &); while :; do sleep 1000; done',
    ),
    processes: 6,
  },
];

describe('a kill of a container', () => {
  it.each(kinds)('$title is seen through', async ({ options, processes = 2, after }) => {
    const agentId = uniqueId('agent');
    const container = await startContainer({ agentId, label: scene.label, ...options });
    await register(agentId, { status: 'running', containerId: container.id });
    await after?.(engine().getContainer(container.id));
    await untilProcesses(container, processes);

    const answer = await post(agentId);
    expect(answer).toMatchObject({ status: 200, body: { verified: true, pending: [] } });
    expect(container.pids()).toEqual([]);
    expect(await containersOf(agentId)).toEqual([]);
    expect(await record(agentId)).toMatchObject({
      status: 'killed',
      kill: { pending: [], confirmedAt: expect.any(String) },
    });
  });

  it('that was not started yet keeps it from being started', async () => {
    const agentId = uniqueId('agent');
    const created = await create(agentId);
    await register(agentId, { status: 'spawning', containerId: created.id });
    expect(await post(agentId)).toMatchObject({ status: 200, body: { pending: [] } });
    await expect(created.start()).rejects.toMatchObject({ statusCode: 404 });
  });
});

async function create(agentId: string): Promise<Docker.Container> {
  const container = await engine().createContainer({
    Image: inject('agentImage'),
    Cmd: ['sleep', '100000'],
    Labels: { [scene.label]: agentId },
    HostConfig: { NetworkMode: 'none' },
  });
  afterFile(() => container.remove({ force: true }).catch(() => undefined));
  return container;
}

const resurrections = async (agentId: string) =>
  (await scene.store.entries({ agentId })).filter(({ operation }) => operation === 'RESURRECTION');

/** It is stopped again, gone, and told of. */
async function expectStoppedAgain(agentId: string): Promise<void> {
  await expect.poll(() => resurrections(agentId), { timeout: 20_000 }).not.toEqual([]);
  await expect.poll(() => containersOf(agentId), { timeout: 20_000 }).toEqual([]);
  await expect.poll(() => record(agentId)).toMatchObject({ status: 'killed', kill: { pending: [] } });
}

describe('an ID that was killed', () => {
  it.each(['spawning', 'running'])(
    'as its agent was %s, takes a container that starts late with it',
    async status => {
      const agentId = uniqueId('agent');
      await register(agentId, { status });
      expect(await post(agentId)).toMatchObject({ body: { pending: [] } });
      await (await create(agentId)).start();
      await expectStoppedAgain(agentId);
      const entries = await resurrections(agentId);
      expect(entries).toEqual([
        expect.objectContaining({ phase: 'settled', actor: expect.any(String), outcomes: expect.any(Array) }),
      ]);
    },
  );

  it('takes a container with it also if another program writes its record over', async () => {
    const agentId = uniqueId('agent');
    await register(agentId, { status: 'running' });
    await post(agentId);
    const created = await create(agentId);
    await overwrite(agentId, { status: 'running', containerId: created.id });
    await created.start();
    await expectStoppedAgain(agentId);
  });

  it('is marked killed again where another program makes it active', async () => {
    const agentId = uniqueId('agent');
    await register(agentId, { status: 'running' });
    await post(agentId);
    await overwrite(agentId, { status: 'running', mine: [] });
    const path = `/agents/${agentId}`;
    const refused = { status: 409, body: { code: 'tombstoned' } };
    expect(await call(server.url, 'PATCH', path, { body: { status: 'running' } })).toMatchObject(refused);
    expect(await register(agentId, { status: 'running' })).toMatchObject(refused);
    // Each server looks at all records as it starts, and then now and then.
    await startBuiltServer(scene.environment);
    await expectStoppedAgain(agentId);
    expect(await record(agentId)).toMatchObject({ mine: [] });
  });

  async function overwrite(agentId: string, value: object): Promise<void> {
    const redis = new Redis(inject('redisUrl'));
    await redis.set(`${scene.environment['KILLSWITCH_KEY_PREFIX']}agent:${agentId}`, JSON.stringify(value));
    await redis.quit();
  }
});
