import { realpathSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine } from '../services/agents.js';
import { build } from '../services/build.js';
import { inject } from '../services/context.js';
import { afterFile } from '../services/registry.js';
import type { Environment } from '../services/server.js';
import { until } from './cli-run.js';
import { newId, startRun } from './run.helper.js';
import { openWorld } from './world.js';

const removed = (id: string): Promise<unknown> =>
  engine()
    .getContainer(`killswitch-${id}`)
    .remove({ force: true })
    .catch(() => undefined);

describe('a command in a container', () => {
  let world: Awaited<ReturnType<typeof openWorld>>;
  let environment: Environment;
  beforeAll(async () => {
    build();
    world = await openWorld('sqlite');
    environment = { ...world.environment, KILLSWITCH_URL: world.url, HOME: '/nonexistent' };
  });
  const start = (id: string, ...command: string[]) => {
    afterFile(() => removed(id));
    return startRun(['--id', id, '--container', inject('agentImage'), '--', ...command], environment);
  };
  const recordOf = async (id: string) => (await world.request('GET', `/agents/${id}`)).body;

  it('has the label, is in its record before it starts, and ends with the code of the command', async () => {
    const id = newId();
    const { code, stdout, stderr } = await start(id, 'sh', '-c', 'echo inside; exit 7').ended;
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: 'inside\n', stderr: '' });
    const container = await engine().getContainer(`killswitch-${id}`).inspect();
    expect(container.Config.Labels).toMatchObject({ [world.identity.label]: id });
    expect(await recordOf(id)).toMatchObject({ status: 'failed', containerId: container.Id });
  });

  it('runs in its worktree, at the same path', async () => {
    const id = newId();
    afterFile(() => removed(id));
    const image = inject('agentImage');
    const args = ['--id', id, '--worktree', '--container', image, '--', 'sh', '-c', 'pwd; ls'];
    const { code, stdout } = await startRun(args, environment, { cwd: world.repository }).ended;
    const root = realpathSync(environment['KILLSWITCH_WORKTREE_ROOTS'] ?? '');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${root}/${id}\nREADME.md\n` });
  });

  it('is killed and removed, and its exit says by whom and why', async () => {
    const id = newId();
    const { cli, ended } = start(id, 'sh', '-c', 'echo ready; sleep 100000');
    await until(cli.stdout, 'ready');
    expect(await recordOf(id)).toMatchObject({ status: 'running' });
    const { body } = await world.request('POST', `/agents/${id}/kill`, { body: { reason: 'it loops' } });
    expect(body).toMatchObject({ verified: true });
    expect(await ended).toMatchObject({
      code: 137,
      stderr: expect.stringMatching(/was killed by tests at \S+: it loops\.\n$/),
    });
    await expect(engine().getContainer(`killswitch-${id}`).inspect()).rejects.toThrow(/no such container/i);
  });

  it('is not made while the emergency stop holds, nor where there is no such image', async () => {
    const [held, imageless] = [newId(), newId()];
    const selector = { agentIds: [held] };
    await world.request('POST', '/latch', { body: { reason: 'fire', selector } });
    expect(await start(held, 'true').ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('was not started: The emergency stop is ENGAGED'),
    });
    await expect(engine().getContainer(`killswitch-${held}`).inspect()).rejects.toThrow(/no such container/i);
    const args = ['--id', imageless, '--container', 'localhost:1/none:none', '--', 'true'];
    expect(await startRun(args, environment).ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('killswitch: docker could not make the container\n'),
    });
    expect(await recordOf(imageless)).toMatchObject({ status: 'failed' });
  });
});
