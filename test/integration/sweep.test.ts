import { expect, it } from 'vitest';
import { startContainer } from '../services/agents.js';
import { runCli } from './cli-run.js';
import { openWorld } from './world.js';

/** Containers of nobody else, and no host processes. */
const apart = { KILLSWITCH_SANDBOX: 'docker', KILLSWITCH_AGENT_LABEL: `sweep-${process.pid}` };

it('lists what is left over, leaves what is young alone, and stops the rest', async () => {
  const world = await openWorld('sqlite', apart);
  const label = apart.KILLSWITCH_AGENT_LABEL;
  const active = await world.containerAgent();
  const ended = await world.containerAgent();
  await world.request('PATCH', `/agents/${ended.agentId}`, { body: { status: 'completed' } });
  const stray = await startContainer({ agentId: 'stray', label });
  const runs = () => [active.container, ended.container, stray].map(container => container.pids().length > 0);

  const listed = await runCli(['sweep', '--older-than', '0'], world.environment);
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringMatching(/^killswitch: Using the .*\n$/) });
  expect(listed.stdout.trim().split('\n').sort()).toEqual([
    expect.stringMatching(
      new RegExp(
        `^${ended.agentId} {2}runs for \\d+ s as container [0-9a-f]{12}: its record says completed$`,
      ),
    ),
    expect.stringMatching(/^stray {2}runs for \d+ s as container [0-9a-f]{12}: it is not registered$/),
  ]);

  const young = await runCli(['sweep', '--kill', '--json', '--older-than', '1h'], world.environment);
  expect(JSON.parse(young.stdout)).toMatchObject({
    leftovers: [{ young: true }, { young: true }],
    stopped: [],
  });
  expect(runs()).toEqual([true, true, true]);

  const killed = await runCli(['sweep', '--kill', '--older-than', '0s'], world.environment);
  expect(killed.stdout).toMatch(/^stray: dead; container dead after/m);
  expect(killed.stderr.match(/"operation":"SWEEP","phase":"settled"/g)).toHaveLength(2);
  expect([killed.code, ...runs()]).toEqual([0, true, false, false]);

  const none = await runCli(['sweep'], world.environment);
  expect(none).toMatchObject({ code: 0, stdout: 'No leftovers found.\n' });
}, 60_000);

it('says what it could not look at', async () => {
  const world = await openWorld('sqlite', apart);
  const blind = { ...world.environment, DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
  const { code, stderr } = await runCli(['sweep'], blind);
  expect(stderr).toContain('killswitch: Could not check: docker: ');
  expect(code).toBe(3);
});

it('needs the store', async () => {
  const world = await openWorld('sqlite', apart);
  await startContainer({ agentId: 'stray-2', label: apart.KILLSWITCH_AGENT_LABEL });
  const storeless = { ...world.environment, KILLSWITCH_STORE: 'redis://127.0.0.1:1' };
  const { code, stdout, stderr } = await runCli(['sweep', '--kill'], storeless);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('killswitch: The store ');
});
