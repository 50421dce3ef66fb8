import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { socketFetch } from '../../functions/cli/socket-fetch.js';
import { createClient } from '../../lib/client/client.js';
import { startContainer, startProcess } from '../services/agents.js';
import { build } from '../services/build.js';
import { afterFile } from '../services/registry.js';
import { call, type Environment, settings, tokenFor } from '../services/server.js';

/** A server that may have no more than so many file descriptors. */
async function startLimited(environment: Environment, descriptors: number): Promise<string> {
  const command = `ulimit -n ${descriptors}; exec "$0" "$1" serve`;
  const child: ChildProcess = spawn(
    'sh',
    ['-c', command, process.execPath, join(build(), 'functions/cli/main.js')],
    {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  afterFile(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
    const { msg, url } = JSON.parse(line) as Record<string, string>;
    if (msg === 'listening') {
      child.stdout?.resume();
      return url as string;
    }
  }
  throw new Error('It ended before it listened.');
}

/** Keeps so many connections to a port that say this and no more, each made anew when it is closed. */
function flood(
  port: number,
  connections: number,
  said: string,
): { readonly opened: () => number; stop(): void } {
  const open = new Set<Socket>();
  let opened = 0;
  let stopped = false;
  const begin = (): void => {
    if (stopped) return;
    const socket = connect(port, '127.0.0.1', () => {
      opened += 1;
      socket.write(said);
    });
    open.add(socket);
    // Who does not read what it is answered never hears that it was closed.
    socket.resume();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      setTimeout(begin, 20);
    });
  };
  for (let at = 0; at < connections; at++) begin();
  return {
    opened: () => opened,
    stop() {
      stopped = true;
      for (const socket of open) socket.destroy();
    },
  };
}

const HEAD = 'POST /agents/kill-all HTTP/1.1\r\nHost: x\r\n';

it.each([
  ['half a head', HEAD],
  ['half a body', `${HEAD}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{`],
  ['nothing', ''],
])('lets kills in during a flood of connections that say %s', async (_, said) => {
  const environment = settings('sqlite');
  const url = await startLimited(environment, 200);
  const names = ['flood-a', 'flood-b'] as const;
  const container = await startContainer({ agentId: names[0] });
  const tree = await startProcess({ agentId: names[1], ignoreTerm: true });
  const { pid, startTime } = tree;
  const more = [{ containerId: container.id }, { process: { pid, startTime } }];
  for (const [at, name] of names.entries()) {
    await call(url, 'PUT', `/agents/${name}`, { body: { status: 'running', ...more[at] } });
  }
  const flooding = flood(Number(new URL(url).port), 300, said);
  onTestFinished(flooding.stop);
  await expect.poll(flooding.opened).toBeGreaterThan(300);

  const fetch = socketFetch(`${environment['KILLSWITCH_STATE_DIR']}/killswitch.sock`);
  const client = createClient({ url: 'http://localhost', fetch, token: await tokenFor() });
  expect(await client.kill(names[0])).toMatchObject({ status: 200, confirmed: true });
  expect(container.pids()).toEqual([]);

  // It may be among those that make room; then it is sent again.
  const byPort = () => call(url, 'POST', `/agents/${names[1]}/kill`).catch(() => ({ status: 0 }));
  await expect.poll(async () => (await byPort()).status).toBe(200);
  expect(tree.pids()).toEqual([]);
});
