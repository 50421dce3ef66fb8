import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { engine } from '../services/agents.js';
import { afterFile } from '../services/registry.js';
import { call, identityOf, type ServerProcess, startBuiltServer } from '../services/server.js';
import { type Sleeper, startSleeper } from '../services/sleepers.js';
import { isLong, openRandom } from './random.helper.js';
import { openScene, type Scene, uniqueId } from './scene.helper.js';

const { random, seed } = openRandom();
const RACES = isLong ? 480 : 28;
const CONTAINER_RACES = isLong ? 40 : 4;
const AGENTS = 4;
/** Milliseconds over which the agents of a race start. */
const SPAN = 25;
const TIMEOUT = isLong ? 600_000 : 60_000;

/** What became of one agent: the answers to its registration and to its being told to run. */
interface Spawned {
  readonly agentId: string;
  readonly registered: number;
  readonly running?: number;
  readonly sleeper?: Sleeper;
}

const kill = { body: { latch: true } };
const reset = { body: { reason: 'the race is over' } };

describe(`agents that start during a kill-all (seed ${seed})`, () => {
  let scene: Scene;
  let server: ServerProcess;
  beforeAll(async () => {
    scene = await openScene('valkey');
    server = await startBuiltServer(scene.environment);
  });

  /** As an orchestrator does it: registers, starts, tells that it runs; and does not start what is refused. */
  async function spawn(labels: object): Promise<Spawned> {
    await delay(random() * SPAN);
    const agentId = uniqueId('race');
    const path = `/agents/${agentId}`;
    const { status: registered } = await call(server.url, 'PUT', path, {
      body: { status: 'spawning', labels },
    });
    if (registered !== 201) return { agentId, registered };
    const sleeper = await startSleeper(agentId, identityOf(scene.environment));
    const body = { status: 'running', process: sleeper.process };
    const { status: running } = await call(server.url, 'PATCH', path, { body });
    return { agentId, registered, running, sleeper };
  }

  const statusesOf = async (agents: readonly Spawned[]): Promise<Map<string, string>> => {
    const stored = await scene.store.records.agents(agents.map(({ agentId }) => agentId));
    return new Map(stored.map(({ agentId, raw }) => [agentId, JSON.parse(raw ?? '{}').status]));
  };

  it(
    'with the latch: none of them survives, and those that were refused have no record',
    async () => {
      const all: Spawned[] = [];
      // A whole latch would reach what other tests start.
      const labels = { race: uniqueId('label') };
      for (let race = 0; race < RACES; race++) {
        const spawning = Promise.all(Array.from({ length: AGENTS }, () => spawn(labels)));
        await delay(random() * SPAN);
        const order = { body: { latch: true, selector: { labels } } };
        const [answer, agents] = await Promise.all([
          call(server.url, 'POST', '/agents/kill-all', order),
          spawning,
        ]);
        expect([200, 202]).toContain(answer.status);
        const expected = agents.flatMap(({ agentId, registered }): [string, string][] =>
          registered === 201 ? [[agentId, 'killed']] : [],
        );
        expect(await statusesOf(agents)).toEqual(new Map(expected));
        expect(agents.filter(({ registered }) => ![201, 409].includes(registered))).toEqual([]);
        // Who was let run is among those that the answer is about.
        const letRun = agents.filter(({ running }) => running === 200);
        if (answer.status === 200) expect(letRun.filter(({ sleeper }) => sleeper?.isAlive())).toEqual([]);
        expect((await call(server.url, 'DELETE', '/latch', reset)).body).toEqual({ engaged: false });
        all.push(...agents);
      }
      await expectNoneAlive(all);
    },
    TIMEOUT,
  );

  it(
    'without the latch: none that was there before survives, and who came later is dead or runs',
    async () => {
      const all: Spawned[] = [];
      for (let race = 0; race < RACES; race++) {
        const before = await spawn({});
        const spawning = Promise.all(Array.from({ length: AGENTS - 1 }, () => spawn({})));
        await delay(random() * SPAN);
        const [answer, later] = await Promise.all([call(server.url, 'POST', '/agents/kill-all'), spawning]);
        expect([200, 202]).toContain(answer.status);
        const statuses = await statusesOf([before, ...later]);
        expect(statuses.get(before.agentId)).toBe('killed');
        for (const { agentId, running, sleeper } of later) {
          if (statuses.get(agentId) === 'killed') continue;
          expect({ running, alive: sleeper?.isAlive() }).toEqual({ running: 200, alive: true });
        }
        all.push(before, ...later);
      }
      await call(server.url, 'POST', '/agents/kill-all');
      await expectNoneAlive(all);
    },
    TIMEOUT,
  );

  /** Those that started after they were killed are found by the next looks. */
  async function expectNoneAlive(agents: readonly Spawned[]): Promise<void> {
    const alive = () => agents.filter(({ sleeper }) => sleeper?.isAlive()).map(({ agentId }) => agentId);
    await expect.poll(alive, { timeout: 20_000 }).toEqual([]);
  }
});

describe(`containers that start whatever they were told (seed ${seed})`, () => {
  it(
    'are all gone when the emergency stop is reset',
    async () => {
      // Only containers: it would stop the processes of other tests.
      const scene = await openScene('valkey', { KILLSWITCH_SANDBOX: 'docker' });
      const { url } = await startBuiltServer(scene.environment);
      const filters = { label: [scene.label] };
      const list = async () => (await engine().listContainers({ all: true, filters })).map(({ Id }) => Id);

      for (let race = 0; race < CONTAINER_RACES; race++) {
        const agentIds = Array.from({ length: AGENTS }, () => uniqueId('race'));
        const containers = await Promise.all(agentIds.map(agentId => create(scene.label, agentId)));
        const starts = containers.map(async (container, index) => {
          await delay(random() * SPAN);
          const body = { status: 'spawning' };
          const { status } = await call(url, 'PUT', `/agents/${agentIds[index]}`, { body });
          expect([201, 409]).toContain(status);
          // It was killed and removed before, or is being removed.
          await container.start().catch(({ statusCode }) => expect([404, 409]).toContain(statusCode));
        });
        await delay(random() * SPAN);
        await Promise.all([call(url, 'POST', '/agents/kill-all', kill), ...starts]);
        await expect.poll(list, { timeout: 20_000 }).toEqual([]);
        expect((await call(url, 'DELETE', '/latch', reset)).status).toBe(200);
      }
    },
    TIMEOUT,
  );

  async function create(label: string, agentId: string) {
    const container = await engine().createContainer({
      Image: inject('agentImage'),
      Cmd: ['sleep', '100000'],
      Labels: { [label]: agentId },
      HostConfig: { NetworkMode: 'none' },
    });
    afterFile(() => container.remove({ force: true }).catch(() => undefined));
    return container;
  }
});
