import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { type DockerOptions, type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { KillOptions, Target } from '../../lib/ports/sandbox.js';
import { isAlive, startContainer, temporaryDirectory } from '../services/agents.js';

const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
const operationId = 'op';
let calls: string[];
let socketPath: string;
let enginePath: string;

// Stands between the adapter and the real engine and writes down each request line.
beforeEach(async () => {
  calls = [];
  enginePath = new URL(inject('dockerHost')).pathname;
  socketPath = join(temporaryDirectory(), 'proxy.sock');
  const proxy = createServer(client => {
    const engine = connect(enginePath);
    client.once('data', (head: Buffer) => calls.push(String(head).split('\r\n', 1)[0] ?? ''));
    client.pipe(engine).pipe(client);
    for (const socket of [client, engine]) {
      socket.on('error', () => undefined).on('close', () => client.destroy() && engine.destroy());
    }
  });
  await once(proxy.listen(socketPath), 'listening');
  onTestFinished(() => void proxy.close());
});

/** Opens the adapter and, once it has asked by itself what there is, begins to write down. */
async function openFollowing(options: Partial<DockerOptions> = {}): Promise<DockerSandbox> {
  const docker = openDocker({ host: { socketPath }, log: silent, ...options });
  onTestFinished(() => docker.close());
  await vi.waitFor(async () =>
    expect(await docker.probe()).toMatchObject({ detail: expect.stringContaining('live') }),
  );
  calls.length = 0;
  return docker;
}

test('asks the engine once about all the agents of one stop', async () => {
  const docker = await openFollowing();
  const containers = await Promise.all(
    ['p0', 'p1', 'p2'].map(agentId => startContainer({ agentId, processes: 1 })),
  );
  const targets = Array.from({ length: 30 }, (_, index) => ({
    agentId: `p${index}`,
    operationId,
    ...(containers[index] && { id: containers[index].id }),
  }));
  const kill = async (target: Target, turn: number) => {
    for (let passed = 0; passed < turn; passed += 1) await undefined;
    return docker.kill(target, atOnce());
  };
  const outcomes = await Promise.all(targets.map(kill));
  expect(outcomes.filter(({ outcome }) => outcome === 'dead')).toHaveLength(3);
  expect(outcomes.filter(({ outcome }) => outcome === 'notFound')).toHaveLength(27);
  expect(calls.filter(call => call.startsWith('GET /containers/json'))).toHaveLength(1);
  expect(calls).toHaveLength(1 + 2 * 3);
});

test.each([
  ['of nothing', ''],
  ['that climbs', 'x/../y'],
  ['with a query', 'ww/stop?t=0&x='],
  ['without end', 'f'.repeat(10_000)],
  ['with a line end', `${'f'.repeat(63)}\r\nx`],
  ['in capitals', 'F'.repeat(64)],
  ['with a newline after it', `${'f'.repeat(64)}\n`],
  ['that is short', 'f'.repeat(12)],
])('refuses a container ID %s and never shows it to the engine', async (_, containerId) => {
  const docker = await openFollowing({ requireLabel: false });
  const target = { agentId: 'hostile', operationId, id: containerId };
  const refusal = {
    ...placeOf('docker', containerId),
    outcome: 'refused',
    detail: 'the recorded container ID is not 64 hexadecimal digits',
  };
  expect(await docker.kill(target, atOnce())).toEqual(refusal);
  expect(await docker.remove(target, AbortSignal.timeout(20_000))).toEqual(refusal);
  const filters = encodeURIComponent(JSON.stringify({ label: ['killswitch.agent-id=hostile'] }));
  const list = `GET /containers/json?all=true&filters=${filters} HTTP/1.1`;
  expect(calls).toEqual([list, list]);
});

describe('The environment', () => {
  test('has no say in which engine is asked', async () => {
    vi.stubEnv('DOCKER_HOST', '::no address at all::');
    vi.stubEnv('DOCKER_CERT_PATH', '/nonexistent');
    onTestFinished(() => void vi.unstubAllEnvs());
    await openFollowing({ host: `unix://${socketPath}` });
  });
});

/** Puts a program called `ssh` first that writes down its arguments and then runs a script. */
function fakeSsh(script: string): string {
  const directory = temporaryDirectory();
  const log = join(directory, 'arguments');
  const program = join(directory, 'ssh');
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" > '${log}'\n${script}\n`);
  chmodSync(program, 0o755);
  vi.stubEnv('PATH', `${directory}${delimiter}${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return log;
}

describe('An engine behind ssh', () => {
  test('is reached through the ssh program', async () => {
    const pipe = `const s=require("net").connect("${enginePath}");process.stdin.pipe(s).pipe(process.stdout)`;
    const log = fakeSsh(`exec '${process.execPath}' -e '${pipe}'`);
    const docker = openDocker({ host: 'ssh://ops@engine.example:2222', callDeadlineMs: 10_000, log: silent });
    const container = await startContainer({ agentId: 'far', processes: 1 });
    expect(await docker.kill({ agentId: 'far', operationId }, atOnce())).toMatchObject({ outcome: 'dead' });
    expect(container.pids()).toEqual([]);
    expect(readFileSync(log, 'utf8').trim().split('\n').slice(-9)).toEqual(
      '-p 2222 -l ops -- engine.example docker system dial-stdio'.split(' '),
    );
  });

  test.each([
    ['refuses', 'exit 255'],
    ['is not for us', 'echo "Permission denied" ; exit 1'],
  ])('that %s leaves this node blind, which is not the lack of an engine', async (_, script) => {
    fakeSsh(script);
    const docker = openDocker({ host: 'ssh://engine.example', log: silent });
    expect(await docker.kill({ agentId: 'far', operationId }, atOnce())).toMatchObject({ outcome: 'blind' });
  });

  test('that hangs leaves this node blind, and its ssh does not stay behind', async () => {
    const log = fakeSsh('echo $$ > "$0.pid"; exec sleep 100000');
    const docker = openDocker({ host: 'ssh://engine.example', callDeadlineMs: 500, log: silent });
    expect(await docker.kill({ agentId: 'far', operationId }, atOnce())).toMatchObject({
      outcome: 'blind',
    });
    const pid = Number(readFileSync(join(dirname(log), 'ssh.pid'), 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('without an ssh program leaves this node blind, which is not the lack of an engine', async () => {
    vi.stubEnv('PATH', temporaryDirectory());
    onTestFinished(() => void vi.unstubAllEnvs());
    const docker = openDocker({ host: 'ssh://engine.example', log: silent });
    expect(await docker.kill({ agentId: 'far', operationId }, atOnce())).toMatchObject({ outcome: 'blind' });
  });
});
