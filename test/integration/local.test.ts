import { expect, it } from 'vitest';
import { startContainer, startProcess, temporaryDirectory } from '../services/agents.js';
import { afterFile } from '../services/registry.js';
import { call, type Environment, settings, startBuiltServer, storeKinds } from '../services/server.js';
import { runCli } from './cli-run.js';
import { startServer } from './valkey-servers.js';
import { openWorld } from './world.js';

let labels = 0;
/** Settings under which nobody else's containers count as agents. */
const apart = (store: 'sqlite' | 'valkey', more: Environment = {}): Environment =>
  settings(store, { KILLSWITCH_AGENT_LABEL: `local-${process.pid}-${labels++}`, ...more });

const unique = (name: string): string => `${name}-${process.pid}-${labels++}`;

/** Two running agents, registered: one in a container, one on the host. */
async function twoAgents(url: string, environment: Environment) {
  const [inContainer, onHost] = [unique('contained'), unique('bare')];
  const label = environment['KILLSWITCH_AGENT_LABEL'] as string;
  const container = await startContainer({ agentId: inContainer, label });
  const tree = await startProcess({ agentId: onHost, ignoreTerm: true });
  const { pid, startTime } = tree;
  const register = (agentId: string, more: object) =>
    call(url, 'PUT', `/agents/${agentId}`, { body: { status: 'running', ...more } });
  await register(inContainer, { containerId: container.id });
  await register(onHost, { process: { pid, startTime } });
  return { ids: [inContainer, onHost] as const, alive: () => [...container.pids(), ...tree.pids()] };
}

it.each(storeKinds)(
  'kills without a server, on %s',
  async store => {
    const environment = apart(store);
    const server = await startBuiltServer(environment);
    const { ids, alive } = await twoAgents(server.url, environment);
    server.signal('SIGKILL');
    await server.ended;

    const one = await runCli(['kill', ids[0], '--local', '--reason', 'fire'], environment);
    expect(one).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Agent ${ids[0]} killed successfully`),
    });
    const all = await runCli(['kill-all', '--local', '--json'], environment);
    expect(all.code).toBe(0);
    expect(JSON.parse(all.stdout)).toMatchObject({ total: 1, killed: 1, verified: true });
    expect(alive()).toEqual([]);
    expect(all.stderr).toMatch(/"operation":"KILL_ALL_AGENTS".*"actor":"local:/);

    const again = await runCli(['kill', ids[0], '--local'], environment);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain(`Agent ${ids[0]} is killed`);
  },
  60_000,
);

it.each(['down', 'frozen'] as const)(
  'kills without a server and with the store %s, and the next server settles the record',
  async how => {
    const store = await startServer();
    const url = `redis://${store.address}`;
    const environment = apart('valkey', { KILLSWITCH_STORE: url });
    const server = await startBuiltServer(environment);
    const { ids, alive } = await twoAgents(server.url, environment);
    server.signal('SIGKILL');
    await server.ended;

    const isDown = how === 'down';
    if (!isDown) process.kill(store.pid, 'SIGSTOP');
    afterFile(() => isDown || process.kill(store.pid, 'SIGCONT'));
    const cut = { ...environment, ...(isDown && { KILLSWITCH_STORE: 'redis://127.0.0.1:1' }) };
    const selection = ids.flatMap(id => ['--agent', id]);
    const { code, stdout, stderr } = await runCli(['kill-all', '--local', ...selection], cut);
    expect(alive()).toEqual([]);
    expect(stdout).toMatch(/2 of 2 agents.*the store does not answer/);
    expect(code).toBe(3);
    expect(stderr).not.toMatch(/^\s+at /m);
    const latch = await runCli(['latch', 'engage', '--local'], cut);
    expect(latch).toMatchObject({ code: 1, stdout: '' });
    expect(latch.stderr).toMatch(/^killswitch: The store /m);

    if (!isDown) process.kill(store.pid, 'SIGCONT');
    const next = await startBuiltServer(environment);
    for (const id of ids) {
      const record = async () => (await call(next.url, 'GET', `/agents/${id}`)).body;
      await expect.poll(record, { timeout: 15_000 }).toMatchObject({
        status: 'killed',
        kill: { pending: [], confirmedAt: expect.any(String), requestedBy: expect.stringMatching(/^local:/) },
      });
    }
  },
  60_000,
);

it('kills what was never registered, and with a store that cannot even be opened', async () => {
  const environment = apart('sqlite');
  const agentId = unique('stray');
  const label = environment['KILLSWITCH_AGENT_LABEL'] as string;
  const container = await startContainer({ agentId, label });
  const killed = await runCli(['kill', agentId, '--local'], environment);
  expect(killed.stdout).toContain(`Agent ${agentId} killed successfully`);
  expect([killed.code, container.pids()]).toEqual([0, []]);

  const second = await startContainer({ agentId: unique('stray'), label });
  const broken = { ...environment, KILLSWITCH_STATE_DIR: '/dev/null/nowhere' };
  const all = await runCli(['kill-all', '--local'], { ...broken, KILLSWITCH_SANDBOX: 'docker' });
  expect(all.stdout).toMatch(/1 of 1 agent.*the store does not answer/);
  expect([all.code, second.pids()]).toEqual([3, []]);
});

it('engages and resets the latch without a server', async () => {
  const environment = apart('sqlite');
  const selected = ['latch', 'engage', '--local', '--task', 't1', '--reason', 'fire'];
  expect((await runCli(selected, environment)).stdout).toMatch(
    /^The emergency stop is ENGAGED for the agents with task t1, since .* by local:.*: fire\n$/,
  );
  const world = await openWorld('sqlite', environment);
  expect((await (await world.agent({ taskId: 't1' })).register()).status).toBe(409);
  await world.close();
  const bare = await runCli(['latch', 'reset', '--local'], environment);
  expect([bare.code, bare.stdout]).toEqual([2, '']);
  const reset = await runCli(['latch', 'reset', '--local', '--reason', 'out'], environment);
  expect(reset).toMatchObject({ code: 0, stdout: 'The emergency stop is not engaged: agents can run\n' });
});

it('needs no server named, and no credential', async () => {
  const environment = { KILLSWITCH_STATE_DIR: temporaryDirectory(), KILLSWITCH_SANDBOX: 'none' };
  const named = await runCli(['kill', 'x', '--local', '--url', 'http://127.0.0.1:1'], environment);
  expect([named.code, named.stdout]).toEqual([2, '']);
  const unknown = await runCli(['kill', 'x', '--local'], environment);
  expect(unknown).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/was empty.*\nkillswitch: Unknown agent x\n$/),
  });
});

it('refuses a label that no selector can hold, and stops no agent', async () => {
  const environment = apart('sqlite');
  const tree = await startProcess({ agentId: unique('labelled'), ignoreTerm: true });
  const command = ['kill-all', '--local', '--label', '__proto__=x'];
  expect(await runCli(command, environment)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('killswitch: __proto__: unknown member.'),
  });
  expect(tree.pids()).not.toEqual([]);
});
