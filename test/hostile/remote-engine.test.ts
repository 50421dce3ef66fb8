import { chmodSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { openDocker } from '../../lib/adapters/docker/index.js';
import {
  type Answer,
  container,
  fakeEngine,
  json,
  silent,
  target,
  unhurried,
} from '../fakes/docker-engine.js';
import { freezer, makeCgroup, startIn, unified } from '../integration/cgroup.helper.js';
import { temporaryDirectory } from '../services/agents.js';

// An engine of another machine tells a PID that is, on this one, a bystander's: a database that founded its own cgroup.

/** The engine, and whether the container that it has still runs. */
async function elsewhere(pid: number) {
  let state = 'running';
  const list: Answer = (response, request) => json([container(state)])(response, request);
  const { socketPath, docker } = await fakeEngine(
    {
      list,
      fill: list,
      inspect: json({
        State: { Pid: pid, StartedAt: '2026-11-22T10:00:00Z' },
        HostConfig: { RestartPolicy: { Name: 'no' } },
      }),
      kill: response => {
        state = 'exited';
        response.writeHead(204).end();
      },
    },
    { kernel: createCgroups() },
  );
  return { socketPath, docker, stateOf: () => state };
}

async function overTcp(socketPath: string): Promise<string> {
  const server = createServer(client => {
    const engine = connect(socketPath);
    for (const end of [client, engine]) end.on('error', () => undefined);
    client.pipe(engine).pipe(client);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A program that is found as `ssh` and connects to this engine whatever it is told. */
async function overSsh(socketPath: string): Promise<string> {
  const directory = temporaryDirectory();
  const program = join(directory, 'ssh');
  writeFileSync(
    program,
    `#!${process.execPath}\nconst s = require('node:net').connect(${JSON.stringify(socketPath)});\nprocess.stdin.pipe(s).pipe(process.stdout);\n`,
  );
  chmodSync(program, 0o755);
  const path = process.env['PATH'];
  process.env['PATH'] = `${directory}:${path}`;
  onTestFinished(() => {
    process.env['PATH'] = path;
  });
  return 'ssh://engine.example';
}

test.each<[string, (socketPath: string) => Promise<string>]>([
  ['TCP', overTcp],
  ['ssh', overSsh],
  ['a socket that is forwarded to it', async socketPath => `unix://${socketPath}`],
])(
  'an engine elsewhere, reached by %s, that tells a bystander’s PID has its own container killed alone',
  async (_, reach) => {
    const bystander = await startIn(
      [...unified, ...freezer].map(({ point }) => makeCgroup(point)),
      3,
    );
    const { socketPath, stateOf } = await elsewhere(bystander.pid);
    const docker = openDocker({ host: await reach(socketPath), kernel: createCgroups(), log: silent });
    onTestFinished(() => docker.close());
    await vi.waitFor(async () => expect((await docker.probe()).detail).toContain('event stream live'), {
      timeout: 20_000,
    });
    // Asked for so that it has been inspected by then.
    expect((await docker.scan()).seen).toHaveLength(1);
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    expect(stateOf()).toBe('exited');
    expect(bystander.isRunning()).toBe(true);
    expect(bystander.members).toHaveLength(3);
    process.kill(-bystander.pid, 'SIGKILL');
  },
);
