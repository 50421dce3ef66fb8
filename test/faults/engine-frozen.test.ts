import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { KillOptions } from '../../lib/ports/sandbox.js';
import { silent } from '../fakes/docker-engine.js';
import {
  freeze,
  openWatched,
  type PrivateEngine,
  privateEngine,
  type StartedAgent,
  untilLearnt,
} from './engine-world.js';

// Five agents each time, and nobody who could kill them but the kernel.

const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
const DEAD = { ...placeOf('docker', expect.any(String)), outcome: 'dead', needsRemoval: true };

let engine: PrivateEngine;
beforeAll(async () => {
  engine = await privateEngine();
});

const startFive = (): Promise<StartedAgent[]> =>
  Promise.all(Array.from({ length: 5 }, (_, index) => engine.start(`agent-${index}`)));

async function listed(): Promise<unknown[]> {
  return engine.client.listContainers({ all: true });
}

const scenarios: [string, () => Promise<() => Promise<void>>][] = [
  [
    'the engine is frozen',
    async () => {
      const thaw = freeze(engine.pids().dockerd);
      return async () => thaw();
    },
  ],
  [
    'the engine below is frozen',
    async () => {
      const thaw = freeze(engine.pids().containerd);
      return async () => thaw();
    },
  ],
  [
    'both are killed',
    async () => {
      let isMended = false;
      const mend = async () => {
        if (!isMended) await engine.startDaemons();
        isMended = true;
      };
      onTestFinished(mend);
      await engine.killDaemons();
      return mend;
    },
  ],
];

describe('All agents die, and what is owed is paid later by itself, when', () => {
  test.each(scenarios)('%s', async (_, breakIt) => {
    const { docker, kernel } = await openWatched(engine.url);
    const agents = await startFive();
    const bystander = await engine.start('bystander');
    await untilLearnt(kernel, [...agents, bystander]);
    const mend = await breakIt();

    const outcomes = Promise.all(agents.map(({ target }) => docker.kill(target, atOnce())));
    const alive = () => agents.flatMap(agent => agent.pids());
    await expect.poll(alive).toEqual([]);
    expect(await outcomes).toEqual(agents.map(() => DEAD));
    expect(bystander.pids()).toHaveLength(5);
    const owed = await Promise.all(
      agents.map(({ target }) => docker.remove(target, AbortSignal.timeout(600))),
    );
    for (const { outcome } of owed) expect(outcome).toBeOneOf(['pending', 'failed']);
    const running = (await docker.scan()).seen.map(({ agentId }) => agentId);
    expect(running).toEqual(['bystander']);

    await mend();
    for (const { target } of [...agents, bystander]) {
      const settle = async () => (await docker.remove(target, AbortSignal.timeout(5_000))).outcome;
      await expect.poll(settle, { timeout: 20_000 }).toBeOneOf(['removed', 'alreadyGone']);
    }
    expect(await listed()).toEqual([]);
  });

  test('the engine below is frozen before this program starts', async () => {
    const agents = await startFive();
    const thaw = freeze(engine.pids().containerd);
    const docker = openDocker({
      host: engine.url,
      kernel: createCgroups(),
      killDeadlineMs: 500,
      log: silent,
    });
    onTestFinished(() => docker.close());
    const outcomes = await Promise.all(agents.map(({ target }) => docker.kill(target, atOnce())));
    expect(agents.flatMap(agent => agent.pids())).toEqual([]);
    expect(outcomes).toEqual(agents.map(() => DEAD));
    thaw();
    for (const { target } of agents) {
      const settle = async () => (await docker.remove(target, AbortSignal.timeout(5_000))).outcome;
      await expect.poll(settle, { timeout: 20_000 }).toBeOneOf(['removed', 'alreadyGone']);
    }
  });
});

describe('While the engine is frozen', () => {
  test('nothing is said to be dead that no kernel path could reach', async () => {
    const { docker, kernel } = await openWatched(engine.url, { kernel: undefined } as object);
    const agent = await engine.start('unreached');
    await expect.poll(async () => (await docker.scan()).seen.length).toBe(1);
    const thaw = freeze(engine.pids().dockerd);
    expect(await docker.kill(agent.target, atOnce())).toMatchObject({ outcome: 'blind' });
    expect(kernel.look(agent.target.id)).toBe('unknown');
    expect(await docker.scan()).toMatchObject({ seen: [{ agentId: 'unreached' }] });
    thaw();
    await expect.poll(async () => (await docker.kill(agent.target, atOnce())).outcome).toBe('dead');
    await docker.remove(agent.target, AbortSignal.timeout(20_000));
  });

  test('an agent that has another one recorded is killed itself, and the other one is not', async () => {
    const { docker, kernel } = await openWatched(engine.url);
    const [own, victim] = [await engine.start('misled'), await engine.start('victim')];
    await untilLearnt(kernel, [own, victim]);
    const thaw = freeze(engine.pids().dockerd);
    const target = { ...victim.target, agentId: 'misled' };
    expect(await docker.kill(target, atOnce())).toMatchObject({
      outcome: 'refused',
      detail: 'the recorded container carries the label of another agent',
    });
    expect(own.pids()).toEqual([]);
    expect(victim.pids()).toHaveLength(5);
    thaw();
    await expect.poll(async () => (await docker.kill(target, atOnce())).outcome).toBe('refused');
    expect(victim.pids()).toHaveLength(5);
    await victim.container.remove({ force: true });
  });

  test('who gets grace gets it from the engine alone, and is killed when that cannot give it', async () => {
    const { docker, kernel } = await openWatched(engine.url);
    const agent = await engine.start('no-grace');
    await untilLearnt(kernel, [agent]);
    const thaw = freeze(engine.pids().dockerd);
    const outcome = await docker.kill(agent.target, {
      graceMs: 60_000,
      deadline: AbortSignal.timeout(20_000),
    });
    expect(outcome).toEqual(DEAD);
    expect(agent.pids()).toEqual([]);
    thaw();
    await agent.container.remove({ force: true });
  });
});
