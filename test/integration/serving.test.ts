import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startContainer, startProcess, temporaryDirectory } from '../services/agents.js';
import { build } from '../services/build.js';
import { call, type Environment, settings, startBuiltServer } from '../services/server.js';
import { runCli } from './cli-run.js';

const refused = (environment: Environment, [file = '', ...args] = ['functions/cli/main.js', 'serve']) => {
  const { status, stderr } = spawnSync(process.execPath, [join(build(), file), ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stderr };
};

describe('serving', () => {
  it('does not begin with a bad setting, and names all of them in one message', async () => {
    const environment = settings('sqlite', {
      PORT: 'x',
      KILLSWITCH_GITHUB_SECRET: 'short',
      KILLSWITCH_SLACK_ALLOW: 'user=x',
      KILLSWITCH_NOTIFY_OPS_URL: 'http://ops.example',
    });
    const { code, stderr } = await runCli(['serve'], environment);
    expect(code).toBe(1);
    for (const name of ['PORT', 'GITHUB_SECRET', 'SLACK_ALLOW', 'SLACK_SIGNING_SECRET', 'NOTIFY_OPS_URL']) {
      expect(stderr).toMatch(new RegExp(`^- \\S*${name}`, 'm'));
    }
    expect(stderr).not.toContain('short');
  });

  it.each([
    ['kill', 'POST', '/agents/nobody/kill', 404],
    ['kill-all', 'POST', '/agents/kill-all', 200],
    ['agents', 'GET', '/agents', 200],
    ['latch', 'GET', '/latch', 200],
    ['operations', 'GET', '/operations/x', 404],
    ['health', 'GET', '/healthz', 200],
    ['metrics', 'GET', '/metrics', 200],
    ['docs', 'GET', '/docs/runbook', 200],
  ])('runs the function %s alone from its own file, and nothing else', async (name, method, path, status) => {
    const { url } = await startBuiltServer(settings('sqlite'), [`functions/${name}.js`]);
    expect((await call(url, method, path)).status).toBe(status);
    const other = name === 'health' ? '/agents/kill-all' : '/healthz';
    expect((await call(url, name === 'health' ? 'POST' : 'GET', other)).status).toBe(404);
  });

  it('has the guides and the program of the API reference beside the bundle', async () => {
    const { url } = await startBuiltServer(settings('sqlite'), ['functions/docs.js']);
    const page = await (await fetch(`${url}/docs/api`)).text();
    const [, script = ''] = /<script src="([^"]+)"/.exec(page) ?? [];
    const answer = await fetch(`${url}${script}`);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.text()).toContain('@scalar/api-reference');
    const style = /<link rel="stylesheet" href="([^"]+)"/.exec(
      await (await fetch(`${url}/docs`)).text(),
    )?.[1];
    expect((await fetch(`${url}${style}`)).headers.get('content-type')).toContain('text/css');
  });

  it('serves only the functions that are named', async () => {
    const entry = ['functions/cli/main.js', 'serve', '--functions', 'kill,health'] as const;
    const { url } = await startBuiltServer(settings('sqlite'), entry);
    expect((await call(url, 'GET', '/healthz')).status).toBe(200);
    expect((await call(url, 'POST', '/agents/kill-all')).status).toBe(404);
  });

  it('finishes a kill in flight before it ends on SIGTERM', async () => {
    const server = await startBuiltServer(settings('sqlite'));
    const tree = await startProcess({ agentId: 'slow', ignoreTerm: true });
    const process = { pid: tree.pid, startTime: tree.startTime };
    await call(server.url, 'PUT', '/agents/slow', { body: { status: 'running', process } });
    const answer = call(server.url, 'POST', '/agents/slow/kill', { body: { graceSeconds: 1 } });
    await expect.poll(() => server.log.some(entry => entry['phase'] === 'accepted')).toBe(true);
    server.signal('SIGTERM');
    expect((await answer).status).toBe(200);
    expect(await server.ended).toBe(0);
    expect(tree.pids()).toEqual([]);
  });

  it('keeps records and debts over kill -9', async () => {
    const environment = settings('sqlite');
    const first = await startBuiltServer(environment);
    const { id } = await startContainer({ agentId: 'kept' });
    await call(first.url, 'PUT', '/agents/kept', { body: { status: 'running', containerId: id } });
    first.signal('SIGKILL');
    await first.ended;
    const second = await startBuiltServer(environment);
    expect((await call(second.url, 'GET', '/agents/kept')).body).toMatchObject({ containerId: id });
    expect((await call(second.url, 'POST', '/agents/kept/kill')).status).toBe(200);
  });

  it('says in one message what is wrong with the environment and does not start', () => {
    const { status, stderr } = refused({
      PORT: 'http',
      KILLSWITCH_SECRET: 'short',
      KILLSWITCH_STORE: 'mysql://x',
    });
    expect(status).toBe(1);
    for (const name of ['PORT', 'KILLSWITCH_SECRET', 'KILLSWITCH_STORE']) expect(stderr).toContain(name);
    expect(stderr).not.toMatch(/short|\n\s+at /);
  });

  it('says that the port is taken and does not start', async () => {
    const { url } = await startBuiltServer(settings('sqlite'));
    const { status, stderr } = refused(settings('sqlite', { PORT: new URL(url).port }));
    expect(status).toBe(1);
    expect(stderr).toMatch(/Port \d+ .* is in use/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('starts without an engine and without a store, and names them in /readyz', async () => {
    const nowhere = temporaryDirectory();
    const { url } = await startBuiltServer(
      settings('valkey', {
        KILLSWITCH_STORE: 'redis://127.0.0.1:1',
        DOCKER_HOST: `unix://${nowhere}/no.sock`,
      }),
    );
    const { status, body } = await call(url, 'GET', '/readyz');
    expect(status).toBe(503);
    const failing = body.ports.filter((port: { ok: boolean }) => !port.ok);
    expect(failing.map((port: { name: string }) => port.name)).toEqual(
      expect.arrayContaining(['store', expect.stringMatching(/container|docker/)]),
    );
    const unavailable = { status: 503, code: 'store_unavailable' };
    for (const line of ['GET /agents', 'GET /latch', 'POST /latch', 'GET /operations/x']) {
      const [method = '', path = ''] = line.split(' ');
      expect((await call(url, method, path)).body).toMatchObject(unavailable);
    }
    const killed = await call(url, 'POST', '/agents/a1/kill');
    expect(killed).toMatchObject({ status: 202, body: { agentId: 'a1', degraded: true } });
  });

  it('goes on while it is exposed, and says in what to /readyz and in the log', async () => {
    const environment = settings('sqlite', { KILLSWITCH_SANDBOX: 'process', HOST: '0.0.0.0' });
    chmodSync(environment['KILLSWITCH_STATE_DIR'] ?? '', 0o777);
    const { url, log } = await startBuiltServer(environment);
    const own = url.replace('0.0.0.0', '127.0.0.1');
    await startProcess({ agentId: 'beside' });
    const ready = async () => {
      const { status, body } = await call(own, 'GET', '/readyz');
      const failing = body.ports.filter((port: { ok: boolean }) => !port.ok);
      return [status, body.status, failing.map((port: { name: string }) => port.name)];
    };
    await expect.poll(ready).toEqual([200, 'degraded', ['state directory', 'user']]);
    const told = log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    expect(told).toContainEqual(expect.stringContaining('it listens on 0.0.0.0 without TLS'));
    expect(told).toContainEqual(expect.stringContaining('other users may write to it (mode 777)'));
    expect(told).toContain(
      'commands will send no credential to the socket: other users may write to its directory',
    );
    expect(told).toContainEqual(expect.stringContaining('agents run as this server’s own user'));
  });
});
