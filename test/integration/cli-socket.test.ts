import { afterAll, beforeAll, expect, it } from 'vitest';
import { startProcess } from '../services/agents.js';
import { SECRET } from '../services/server.js';
import { type Environment, runCli } from './cli-run.js';
import { openWorld } from './world.js';

const agentId = `socketed-${process.pid}`;
let world: Awaited<ReturnType<typeof openWorld>>;
let env: Environment;
let socket: string;

beforeAll(async () => {
  world = await openWorld('sqlite', { KILLSWITCH_SANDBOX: 'process' });
  const state = world.environment['KILLSWITCH_STATE_DIR'] as string;
  socket = `${state}/killswitch.sock`;
  // Nothing listens on that port: whatever is answered came over the socket.
  env = { KILLSWITCH_SECRET: SECRET, KILLSWITCH_STATE_DIR: state, PORT: '1' };
});
afterAll(() => world.close());

it('asks over the socket of a server with the same environment when no URL is set', async () => {
  expect(await runCli(['agents'], env)).toEqual({ code: 0, stdout: 'No agents found.\n', stderr: '' });
  const named = { KILLSWITCH_SECRET: SECRET, PORT: '1' };
  expect((await runCli(['agents', '--socket', socket], named)).code).toBe(0);
  expect((await runCli(['agents'], { ...named, KILLSWITCH_SOCKET: socket })).code).toBe(0);
  const elsewhere = { ...env, KILLSWITCH_URL: 'http://127.0.0.1:1' };
  expect((await runCli(['agents'], elsewhere)).stderr).toContain('No server answers at http://127.0.0.1:1');
}, 60_000);

it('says on which socket nothing answers', async () => {
  const { code, stderr } = await runCli(['agents', '--socket', '/nonexistent.sock'], env);
  expect(stderr).toContain('No server answers at /nonexistent.sock: start one with "killswitch serve"');
  expect(code).toBe(1);
  expect((await runCli(['agents', '--socket', socket, '--url', world.url], env)).code).toBe(2);
}, 60_000);

it('engages, shows and resets the latch', async () => {
  expect((await runCli(['latch'], env)).stdout).toBe('The emergency stop is not engaged: agents can run\n');
  const engaged = await runCli(['latch', 'engage', '--task', 't1', '--reason', 'it spreads'], env);
  const line =
    /^The emergency stop is ENGAGED for the agents with task t1, since \S+ by cli:\S+: it spreads\n$/;
  expect(engaged).toEqual({ code: 0, stdout: expect.stringMatching(line), stderr: '' });
  await runCli(['latch', 'engage', '--label', 'team=core'], env);
  const { stdout } = await runCli(['latch', 'status'], env);
  expect(stdout.split('\n')).toEqual([
    expect.stringContaining('ENGAGED for the agents with task t1'),
    expect.stringMatching(
      /^The emergency stop is ENGAGED for the agents with label team=core, since \S+ by cli:\S+$/,
    ),
    '',
  ]);
  expect(JSON.parse((await runCli(['latch', '--json'], env)).stdout)).toMatchObject({
    engaged: true,
    holds: [{}, {}],
  });

  for (const wrong of [
    ['reset'],
    ['reset', '--reason', ' '],
    ['reset', '--task', 't1', '--reason', 'x'],
    ['lift'],
  ]) {
    expect(await runCli(['latch', ...wrong], env)).toMatchObject({ code: 2, stdout: '' });
  }
  const reset = await runCli(['latch', 'reset', '--reason', 'found it'], env);
  expect(reset).toEqual({
    code: 0,
    stdout: 'The emergency stop is not engaged: agents can run\n',
    stderr: '',
  });
}, 60_000);

it('kills all and engages the latch in one go, and shows the operation afterwards', async () => {
  const { pid, startTime, pids } = await startProcess({ agentId, ignoreTerm: true });
  const record = { status: 'running', taskId: 't9', process: { pid, startTime } };
  await world.request('PUT', `/agents/${agentId}`, { body: record });
  const killed = await runCli(['kill-all', '--task', 't9', '--latch', '--reason', 'fire', '--json'], env);
  expect([killed.code, pids()]).toEqual([0, []]);
  expect((await runCli(['latch'], env)).stdout).toContain('ENGAGED for the agents with task t9');

  const { operationId } = JSON.parse(killed.stdout) as { operationId: string };
  const shown = await runCli(['operation', operationId], env);
  expect(shown.stdout).toMatch(/^kill-all, ended, requested \S+ by cli:\S+: fire\n1 of 1 agent killed\n/);
  expect([shown.code, shown.stderr]).toEqual([0, '']);
  const json = await runCli(['operation', operationId, '--follow', '--json'], env);
  expect(JSON.parse(json.stdout)).toMatchObject({ operationId, state: 'ended', receipt: { verified: true } });
  const unknown = await runCli(['operation', 'nothing'], env);
  expect(unknown).toEqual({ code: 1, stdout: '', stderr: 'killswitch: Unknown operation\n' });
}, 60_000);

it('follows an operation to its end', async () => {
  const { pid, startTime } = await startProcess({ agentId: `${agentId}-slow`, ignoreTerm: true });
  const path = `/agents/${agentId}-slow`;
  await world.request('PUT', path, { body: { status: 'running', process: { pid, startTime } } });
  const killing = world.request('POST', `${path}/kill`, { body: { graceSeconds: 3 } });
  const accepted = () =>
    world.log.entries.find(entry => entry['agentId'] === `${agentId}-slow` && entry['phase'] === 'accepted');
  await expect.poll(accepted).toBeDefined();
  const { code, stdout } = await runCli(['operation', String(accepted()?.['operationId']), '--follow'], env);
  expect(stdout).toMatch(/kill, ended, .*\nAgent \S+ killed successfully\n/);
  expect(code).toBe(0);
  expect((await killing).status).toBe(200);
}, 60_000);
