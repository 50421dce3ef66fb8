import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../services/agents.js';
import { build } from '../services/build.js';
import { removeCgroup } from '../services/cgroups.js';
import { type Environment, settings } from '../services/server.js';
import { runCli, until } from './cli-run.js';
import { asking, newId, signposts, startNamedServer, startRun } from './run.helper.js';
import { openWorld } from './world.js';

let world: Awaited<ReturnType<typeof openWorld>>;
let environment: Environment;
beforeAll(async () => {
  build();
  world = await openWorld('sqlite', { KILLSWITCH_HOST_ID: 'h1' });
  environment = asking(world.url, world.environment);
});

const run = (args: readonly string[], more: Environment = {}) => startRun(args, { ...environment, ...more });
const recordOf = async (id: string) => (await world.request('GET', `/agents/${id}`)).body;
const kill = (id: string, reason: string) =>
  world.request('POST', `/agents/${id}/kill`, { body: { reason } });

describe('a command that is run as an agent', () => {
  it('is born in a cgroup of its own, carries its ID, is registered, and is completed', async () => {
    const [id, posts] = [newId(), signposts()];
    const script = `cat /proc/$$/cgroup; echo "$${world.identity.variable}"; echo $$ > ${posts.path('pid')}; ${posts.await('go')}`;
    const members = ['--task', 't1', '--label', 'team=core', '--max-age', '30d'];
    const { ended } = run(['--id', id, ...members, '--', 'sh', '-c', script]);
    const pid = Number(await posts.written('pid'));
    await expect
      .poll(() => recordOf(id))
      .toMatchObject({
        ...{ status: 'running', taskId: 't1', host: 'h1', labels: { team: 'core' } },
        process: { pid, startTime: expect.stringMatching(/^\d+$/) },
        expiresAt: expect.stringMatching(/Z$/),
      });
    posts.give('go');
    const { code, stdout, stderr } = await ended;
    expect(stdout).toContain(`/killswitch@${id}`);
    expect(stdout).toContain(`\n${id}\n`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await recordOf(id)).toMatchObject({ status: 'completed' });
  });

  it('dies with its daemons when it is killed, and its exit says by whom and why', async () => {
    const [id, posts] = [newId(), signposts()];
    const daemon = `env -i setsid -f sh -c 'echo $$ > ${posts.path('daemon')}; exec sleep 100000'`;
    const { ended } = run(['--id', id, '--', 'sh', '-c', `${daemon}; exec sleep 100000`]);
    const pid = Number(await posts.written('daemon'));
    await expect.poll(() => recordOf(id)).toMatchObject({ status: 'running' });
    expect((await kill(id, 'it loops')).body).toMatchObject({ verified: true });
    expect(isAlive(pid)).toBe(false);
    const { code, stdout, stderr } = await ended;
    expect(stderr).toMatch(new RegExp(`^killswitch: ${id} was killed by tests at \\S+Z: it loops\\.\\n$`));
    expect({ code, stdout }).toEqual({ code: 137, stdout: '' });
    expect(await recordOf(id)).toMatchObject({ status: 'killed' });
  });

  it('is killed also where it answers a SIGTERM with an exit of its own', async () => {
    const [id, posts] = [newId(), signposts()];
    const script = `trap 'exit 0' TERM; echo > ${posts.path('ready')}; while :; do sleep 0.02; done`;
    const { ended } = run(['--id', id, '--', 'sh', '-c', script]);
    await posts.written('ready');
    await expect.poll(() => recordOf(id)).toMatchObject({ status: 'running' });
    await world.request('POST', `/agents/${id}/kill`, { body: { graceSeconds: 20 } });
    expect(await ended).toMatchObject({ code: 137, stderr: expect.stringContaining('was killed by tests') });
  });

  it.each([
    ['its own code', ['sh', '-c', 'exit 7'], 7, ''],
    ['128 and the signal', ['sh', '-c', 'kill -TERM $$'], 143, ''],
    ['127 for a command that is not there', ['no-such-command'], 127, 'no-such-command was not found.'],
    ['126 for one that may not be run', ['/etc/passwd'], 126, '/etc/passwd cannot be run (EACCES).'],
  ])('ends with %s', async (_, command, wanted, said) => {
    const id = newId();
    const { code, stdout, stderr } = await run(['--id', id, '--', ...command]).ended;
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: wanted, stdout: '' },
      stderr: said === '' ? '' : `killswitch: ${said}\n`,
    });
    expect(await recordOf(id)).toMatchObject({ status: 'failed' });
  });

  it('takes its standard input and options of its own, and an ID by its name', async () => {
    const { code, stdout } = await run(['printf', '%s\\n', '--id', '-x']).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '--id\n-x\n' });
    const { body } = await world.request('GET', '/agents?limit=1000');
    expect(body.agents.map(({ agentId }: { agentId: string }) => agentId)).toContainEqual(
      expect.stringMatching(/^printf-[0-9a-f]{6}$/),
    );
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGINT', 'SIGQUIT'] as const)(
    'gets %s where no terminal sends it',
    async signal => {
      const id = newId();
      const name = signal.slice(3);
      const script = `trap 'echo got ${name}; exit 9' ${name}; echo ready; while :; do sleep 0.02; done`;
      const detached = { detached: true };
      const { cli, ended } = startRun(['--id', id, '--', 'sh', '-c', script], environment, detached);
      await until(cli.stdout, 'ready');
      cli.kill(signal);
      expect(await ended).toMatchObject({ code: 9 });
    },
  );

  it('does not get what could stop others', async () => {
    const secrets = { KILLSWITCH_TOKEN_FILE: '', KILLSWITCH_SLACK_SIGNING_SECRET: 'x', OTHER_TOKEN: 'mine' };
    const { stdout } = await run(['--', 'env'], secrets).ended;
    expect(stdout).not.toMatch(/^KILLSWITCH_\w*(SECRET|TOKEN)/m);
    expect(stdout).toContain('OTHER_TOKEN=mine\n');
  });
});

/** Directories of the cgroup that was made for an agent. */
const groupOf = (id: string): string[] =>
  ['', 'unified', 'freezer']
    .flatMap(mount => ['killswitch.slice', 'killswitch'].map(slice => join('/sys/fs/cgroup', mount, slice)))
    .filter(slice => existsSync(slice))
    .flatMap(slice => readdirSync(slice).map(name => join(slice, name)))
    .filter(path => `${basename(path)}@`.startsWith(`killswitch@${id}@`));

describe('what it left running', () => {
  const leaving = (path: string) =>
    `setsid -f sh -c 'echo $$ > ${path}; exec sleep 100000' > /dev/null 2>&1; until [ -s ${path} ]; do sleep 0.02; done`;

  it('is told and left alone', async () => {
    const [id, posts] = [newId(), signposts()];
    const { code, stderr } = await run(['--id', id, '--', 'sh', '-c', leaving(posts.path('pid'))]).ended;
    const pid = Number(await posts.written('pid'));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `killswitch: ${id} left a process running (${pid}); with --reap they are killed.\n`,
    });
    expect(isAlive(pid)).toBe(true);
    const own = groupOf(id);
    expect(own).toHaveLength(1);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
    own.forEach(removeCgroup);
    expect(groupOf(id)).toEqual([]);
  });

  it('is killed with --reap', async () => {
    const [id, posts] = [newId(), signposts()];
    const { code, stderr } = await run(['--id', id, '--reap', '--', 'sh', '-c', leaving(posts.path('pid'))])
      .ended;
    const pid = Number(await posts.written('pid'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(isAlive(pid)).toBe(false);
    expect(groupOf(id)).toEqual([]);
  });
});

describe('a command that may not run', () => {
  const started = async (id: string, more: readonly string[] = []) => {
    const posts = signposts();
    const ended = await run(['--id', id, ...more, '--', 'touch', posts.path('ran')]).ended;
    return { ...ended, ran: posts.read('ran') };
  };

  it('is not started while the emergency stop holds for it', async () => {
    const body = { reason: 'it spreads', selector: { taskId: 'held' } };
    await world.request('POST', '/latch', { body });
    const id = newId();
    const { code, stdout, stderr } = await started(id, ['--task', 'held']);
    expect(stderr).toMatch(
      /^killswitch: run-\S+ was not started: The emergency stop is ENGAGED for the agents with task held, since \S+ by tests: it spreads\. Once it is safe: killswitch latch reset --reason "why it is safe"\n$/,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect((await world.request('GET', `/agents/${id}`)).status).toBe(404);
    expect(await started(newId())).toMatchObject({ code: 0 });
    await world.request('DELETE', '/latch', { body: { reason: 'over' } });
  });

  it('is not started under the ID of one that was killed, or is registered', async () => {
    const [killed, taken] = [newId(), newId()];
    await world.request('PUT', `/agents/${killed}`, { body: { status: 'spawning' } });
    await kill(killed, 'over');
    await world.request('PUT', `/agents/${taken}`, { body: { status: 'running' } });
    expect(await started(killed)).toMatchObject({
      code: 1,
      stderr: `killswitch: ${killed} was not started: an agent with this ID was killed, and stays dead. Give the work another --id\n`,
    });
    expect(await started(taken)).toMatchObject({
      code: 1,
      stderr: `killswitch: ${taken} was not started: an agent with this ID is registered already. Give this one another --id\n`,
    });
  });

  it('is not started where the server that was named does not answer', async () => {
    const { ended } = run(['--id', newId(), '--', 'true'], { KILLSWITCH_URL: 'http://127.0.0.1:1' });
    expect(await ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/was not started: No server answers at .*use --local/),
    });
  });

  it('is not started where the store cannot be opened', async () => {
    const broken = { KILLSWITCH_STATE_DIR: '/dev/null/nowhere' };
    const { ended } = run(['--local', '--', 'true'], broken);
    expect(await ended).toMatchObject({ code: 1, stderr: expect.stringContaining('was not started') });
  });
});

describe('without a server', () => {
  const alone = (): Environment => ({ ...settings('sqlite', { KILLSWITCH_SANDBOX: 'process' }), PORT: '1' });

  it('is registered in the store of this host, says so, and can be killed there', async () => {
    const [id, posts, env] = [newId(), signposts(), alone()];
    const script = `echo $$ > ${posts.path('pid')}; exec sleep 100000`;
    const { ended } = startRun(['--id', id, '--', 'sh', '-c', script], env);
    const pid = Number(await posts.written('pid'));
    const killed = await runCli(['kill', id, '--local', '--reason', 'fire'], env);
    expect(killed).toMatchObject({ code: 0, stdout: expect.stringContaining('killed successfully') });
    expect(isAlive(pid)).toBe(false);
    const { code, stderr } = await ended;
    expect(stderr).toMatch(
      /^killswitch: No server answers here; \S+ is registered in the embedded store in \S+\. To stop it: killswitch kill \S+ --local\nkillswitch: \S+ was killed by local:\S+ at \S+: fire\.\n$/,
    );
    expect(code).toBe(137);
  });

  it('is not started while the emergency stop of that store holds', async () => {
    const env = alone();
    await runCli(['latch', 'engage', '--local', '--reason', 'fire'], env);
    expect(await startRun(['--', 'true'], env).ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ENGAGED for every agent.*killswitch latch reset --local --reason/),
    });
  });
});

describe('a server that goes away meanwhile', () => {
  it('leaves the command and its exit code as they are, and that is told', async () => {
    const [id, posts] = [newId(), signposts()];
    const server = await startNamedServer(settings('sqlite', { KILLSWITCH_SANDBOX: 'process' }));
    const script = `echo > ${posts.path('ready')}; ${posts.await('go')}; exit 5`;
    const { ended } = startRun(['--id', id, '--', 'sh', '-c', script], server.named);
    await posts.written('ready');
    server.signal('SIGKILL');
    await server.ended;
    posts.give('go');
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/^killswitch: That \S+ failed could not be recorded.*: No server answers at /m);
    expect(code).toBe(5);
  });

  it('does not save a command from its age', async () => {
    const [id, posts] = [newId(), signposts()];
    const server = await startNamedServer(settings('sqlite', { KILLSWITCH_SANDBOX: 'process' }));
    const script = `setsid -f sh -c 'echo $$ > ${posts.path('daemon')}; exec sleep 100000'; exec sleep 100000`;
    const { ended } = startRun(['--id', id, '--max-age', '3s', '--', 'sh', '-c', script], server.named);
    const daemon = Number(await posts.written('daemon'));
    server.signal('SIGKILL');
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/is older than 3s and is killed from here: No server answers at/);
    expect(code).toBe(137);
    await expect.poll(() => isAlive(daemon)).toBe(false);
  });
});

it('is killed at its age, for that reason, by the server', async () => {
  const id = newId();
  const { ended } = run(['--id', id, '--max-age', '1s', '--', 'sleep', '100000']);
  expect(await ended).toMatchObject({ code: 137, stderr: expect.stringMatching(/: older than 1s\.\n$/) });
  expect(await recordOf(id)).toMatchObject({ status: 'killed', kill: { reason: 'older than 1s' } });
});

it('asks for a command', async () => {
  expect(await run([]).ended).toMatchObject({ code: 2, stderr: expect.stringContaining('Say what to run') });
});
