import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DockerSandbox } from '../../lib/adapters/docker/index.js';
import type { KillOptions } from '../../lib/ports/sandbox.js';
import type { Sighting } from '../../lib/ports/scanner.js';
import { fakeLog } from '../fakes/log.js';
import {
  lineTo,
  openWatched,
  type PrivateEngine,
  privateEngine,
  untilLearnt,
  untilLive,
} from './engine-world.js';

const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
const patient = { timeout: 20_000 };

let engine: PrivateEngine;
beforeAll(async () => {
  engine = await privateEngine();
});

/** Writes down the IDs of the containers that it is told of. */
function watch(docker: DockerSandbox): string[] {
  const told: string[] = [];
  onTestFinished(docker.watch(({ id }: Sighting) => void told.push(id)));
  return told;
}

async function isLive(docker: DockerSandbox): Promise<boolean> {
  return (await docker.probe()).detail?.includes('event stream live') ?? false;
}

describe('What happens while the event stream is broken off', () => {
  test('is made up for: starts are reported, and the kernel path knows the containers', async () => {
    const line = await lineTo(engine.url);
    const { docker, kernel } = await openWatched(line.url);
    const told = watch(docker);
    line.cut();
    await expect.poll(() => isLive(docker), patient).toBe(false);
    const agent = await engine.start('meanwhile');
    line.mend();
    await expect.poll(() => told, patient).toContain(agent.target.id);
    await untilLearnt(kernel, [agent]);
    expect(await docker.kill(agent.target, atOnce())).toMatchObject({ outcome: 'dead' });
    await docker.remove(agent.target, AbortSignal.timeout(20_000));
  });

  test('is also reported if the container was known before, and came back', async () => {
    const line = await lineTo(engine.url);
    const { docker, kernel } = await openWatched(line.url);
    const agent = await engine.start('came-back');
    await untilLearnt(kernel, [agent]);
    const told = watch(docker);
    line.cut();
    await expect.poll(() => isLive(docker), patient).toBe(false);
    await agent.container.restart({ t: 0 });
    expect(told).toEqual([]);
    line.mend();
    await expect.poll(() => told, patient).toContain(agent.target.id);
    await agent.container.remove({ force: true });
  });

  test('is not remembered of what was removed', async () => {
    const line = await lineTo(engine.url);
    const { docker, kernel } = await openWatched(line.url);
    const agent = await engine.start('removed-meanwhile');
    await untilLearnt(kernel, [agent]);
    line.cut();
    await expect.poll(() => isLive(docker), patient).toBe(false);
    await agent.container.remove({ force: true });
    line.mend();
    await untilLive(docker);
    expect(await docker.kill(agent.target, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
    expect(kernel.look(agent.target.id)).toBe('unknown');
  });
});

describe('An event stream that stalls', () => {
  test('is found out by the next list, and opened anew', async () => {
    const line = await lineTo(engine.url);
    const log = fakeLog();
    const { docker } = await openWatched(line.url, { refreshMs: 200, log });
    const told = watch(docker);
    line.stall();
    const first = await engine.start('stalled');
    await expect.poll(() => told, patient).toContain(first.target.id);
    const messages = () => log.lines.map(({ message }) => message);
    await expect.poll(messages, patient).toContain('the event stream of the engine broke off');
    await untilLive(docker);
    const second = await engine.start('stalled-no-more');
    await expect.poll(() => told, patient).toContain(second.target.id);
    for (const { container } of [first, second]) await container.remove({ force: true });
  });
});

describe('When the engine was killed and is started again', () => {
  test('the stream goes on, and what a restart policy brings back is reported and can be killed', async () => {
    const { docker, kernel } = await openWatched(engine.url);
    const revived = await engine.start('revived', { HostConfig: { RestartPolicy: { Name: 'always' } } });
    await untilLearnt(kernel, [revived]);
    const told = watch(docker);
    await engine.killDaemons();
    await expect.poll(() => isLive(docker), patient).toBe(false);
    await engine.startDaemons();
    await untilLive(docker);
    await expect.poll(() => told, patient).toContain(revived.target.id);
    const fresh = await engine.start('fresh');
    await expect.poll(() => told, patient).toContain(fresh.target.id);
    await untilLearnt(kernel, [revived, fresh]);
    const { seen } = await docker.scan();
    expect(seen.map(({ agentId }) => agentId).sort()).toEqual(['fresh', 'revived']);
    for (const { target, pids } of [revived, fresh]) {
      expect(await docker.kill(target, atOnce())).toMatchObject({ outcome: 'dead' });
      expect(pids()).toEqual([]);
      expect(await docker.remove(target, AbortSignal.timeout(20_000))).toMatchObject({ outcome: 'removed' });
    }
  });
});
