import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { type DockerOptions, openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { KillOptions } from '../../lib/ports/sandbox.js';
import { silent } from '../fakes/docker-engine.js';
import { runCli } from '../integration/cli-run.js';
import { temporaryDirectory } from '../services/agents.js';
import { call, settings, startBuiltServer } from '../services/server.js';
import { freeze, openWatched, type PrivateEngine, privateEngine, untilLearnt } from './engine-world.js';

// This program starts when the engine is frozen or dead already, and has never heard a word of it.

const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
const DEAD = { ...placeOf('docker', expect.any(String)), outcome: 'dead', needsRemoval: true };
const UNCHECKED = {
  ...DEAD,
  detail: 'found by its ID alone: the engine does not answer, so that its label could not be checked',
};
const FOREIGN = {
  outcome: 'refused',
  detail: 'the recorded container carries the label of another agent',
};

let engine: PrivateEngine;
beforeAll(async () => {
  engine = await privateEngine();
});

/** As a process that has just been started. */
function openCold(options: Partial<DockerOptions> = {}) {
  const docker = openDocker({
    host: engine.url,
    kernel: createCgroups(),
    callDeadlineMs: 300,
    killDeadlineMs: 2_000,
    log: silent,
    ...options,
  });
  onTestFinished(() => docker.close());
  return docker;
}

async function removeAll(): Promise<void> {
  const containers = await engine.client.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => engine.client.getContainer(Id).remove({ force: true })));
}

/** A directory in which a process has left what it knew of these agents. */
async function remembering(agentIds: readonly string[]) {
  await removeAll();
  const stateDirectory = temporaryDirectory();
  const { docker, kernel } = await openWatched(engine.url, { stateDirectory });
  const agents = await Promise.all(agentIds.map(agentId => engine.start(agentId)));
  await untilLearnt(kernel, agents);
  await docker.close();
  expect(existsSync(join(stateDirectory, 'containers.json'))).toBe(true);
  return { stateDirectory, agents };
}

describe('Started beside an engine that is frozen,', () => {
  test('the recorded container is found by its ID and dies, and what could not be checked is told', async () => {
    const [agent, bystander] = [await engine.start('cold'), await engine.start('bystander')];
    freeze(engine.pids().dockerd);
    expect(await openCold().kill(agent.target, atOnce())).toEqual(UNCHECKED);
    expect(agent.pids()).toEqual([]);
    expect(bystander.pids()).toHaveLength(5);
  });

  test('nothing is said of a container that the kernel does not know', async () => {
    freeze(engine.pids().dockerd);
    const containerId = 'f'.repeat(64);
    expect(await openCold().kill({ agentId: 'gone', operationId: 'op', id: containerId }, atOnce())).toEqual({
      ...placeOf('docker', containerId),
      outcome: 'blind',
      detail: 'the engine does not answer',
    });
    expect(await openCold().kill({ agentId: 'none', operationId: 'op' }, atOnce())).toMatchObject({
      outcome: 'blind',
    });
  });

  test('what the engine has written on its disk is taken for its answer', async () => {
    const [own, stranger] = [await engine.start('on-disk'), await engine.start('x', { Labels: {} })];
    const other = await engine.start('other');
    freeze(engine.pids().dockerd);
    const docker = openCold({ dataRoot: engine.dataRoot });
    expect(await docker.kill(own.target, atOnce())).toEqual(DEAD);
    expect(own.pids()).toEqual([]);
    expect(await docker.kill({ ...other.target, agentId: 'on-disk' }, atOnce())).toMatchObject(FOREIGN);
    expect(await docker.kill(stranger.target, atOnce())).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('KILLSWITCH_REQUIRE_LABEL=false would allow it'),
    });
    for (const spared of [stranger, other]) expect(spared.pids()).toHaveLength(5);
    const lenient = openCold({ dataRoot: engine.dataRoot, requireLabel: false });
    expect(await lenient.kill(stranger.target, atOnce())).toEqual(DEAD);
  });

  test('what an earlier process knew of labels decides, recorded or not', async () => {
    const { stateDirectory, agents } = await remembering(['known', 'victim']);
    const [own, victim] = agents as [(typeof agents)[0], (typeof agents)[0]];
    freeze(engine.pids().dockerd);
    const docker = openCold({ stateDirectory });
    const { seen, blind } = await docker.scan();
    expect(seen.map(({ agentId }) => agentId).sort()).toEqual(['known', 'victim']);
    expect(blind).toBe('the engine does not answer');
    expect(await docker.kill({ ...victim.target, agentId: 'known' }, atOnce())).toMatchObject(FOREIGN);
    expect(own.pids()).toEqual([]);
    expect(victim.pids()).toHaveLength(5);
    expect(await docker.kill({ agentId: 'victim', operationId: 'op' }, atOnce())).toEqual({
      ...placeOf('docker'),
      outcome: 'dead',
      needsRemoval: true,
    });
    expect(victim.pids()).toEqual([]);
  });

  test('what was known by another label is of no use', async () => {
    const { stateDirectory, agents } = await remembering(['relabelled']);
    freeze(engine.pids().dockerd);
    const docker = openCold({ stateDirectory, label: 'another.label' });
    expect(await docker.kill({ agentId: 'relabelled', operationId: 'op' }, atOnce())).toMatchObject({
      outcome: 'blind',
    });
    expect(agents[0]?.pids()).toHaveLength(5);
  });

  test.each(['the command line with --local', 'a server'])('%s kills the recorded agent', async way => {
    await removeAll();
    const label = `cold-${process.pid}`;
    const agentId = `cold-${way.length}`;
    const environment = settings('sqlite', {
      DOCKER_HOST: engine.url,
      KILLSWITCH_AGENT_LABEL: label,
      KILLSWITCH_SANDBOX: 'docker',
    });
    const agent = await engine.start(agentId, { Labels: { [label]: agentId } });
    const first = await startBuiltServer(environment);
    const body = { status: 'running', containerId: agent.target.id };
    expect((await call(first.url, 'PUT', `/agents/${agentId}`, { body })).status).toBeLessThan(300);
    first.signal('SIGKILL');
    await first.ended;
    freeze(engine.pids().dockerd);
    if (way === 'a server') {
      const next = await startBuiltServer(environment);
      const { body: receipt } = await call(next.url, 'POST', `/agents/${agentId}/kill`, { body: {} });
      expect(receipt).toMatchObject({ message: `Agent ${agentId} is dead; not cleaned up yet: container` });
    } else {
      await runCli(['kill', agentId, '--local'], environment);
    }
    expect(agent.pids()).toEqual([]);
  });
});

test('With the engine dead and gone, the recorded container dies all the same', async () => {
  await removeAll();
  const agent = await engine.start('orphan');
  await engine.killDaemons();
  onTestFinished(() => engine.startDaemons());
  expect(await openCold().kill(agent.target, atOnce())).toEqual(UNCHECKED);
  expect(agent.pids()).toEqual([]);
});
