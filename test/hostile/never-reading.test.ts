import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startProcess } from '../services/agents.js';
import { call, settings, startBuiltServer, tokenFor } from '../services/server.js';

const isLong = process.env['KILLSWITCH_TEST_LONG'] === '1';
/** Sockets that a stranger opens, all together, and has open at a time. */
const ALL = isLong ? 10_000 : 2_500;
const AT_A_TIME = 700;
/** Milliseconds of silence of the strangers, who keep what they have open. */
const SILENCE = isLong ? 20_000 : 3_000;
const KILLS = 8;
/**
 * Bytes that the server may come to. V8 leaves the remains of 200,000 requests lying for as long as it has memory: the
 * peak is the same with twice as many sockets.
 */
const MEMORY = 768 * 1024 * 1024;

/** Asked many times over, so that no buffer of the system takes the answers in. */
const QUESTIONS = 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20);

/** Opens sockets that ask and never read; each beyond so many at a time takes the place of this stranger's oldest. */
function stranger(port: number, addresses: readonly string[]) {
  const open: Socket[] = [];
  let opened = 0;
  let failed = 0;
  const begin = (): Promise<void> =>
    new Promise(resolve => {
      const localAddress = addresses[opened % addresses.length] as string;
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      opened++;
      open.push(socket);
      if (open.length > AT_A_TIME) open.shift()?.destroy();
      socket.pause();
      socket.once('connect', () => {
        socket.write(QUESTIONS);
        resolve();
      });
      socket.on('error', () => {
        failed++;
        resolve();
      });
      socket.once('close', () => resolve());
    });
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
  });
  return {
    opened: () => opened,
    failed: () => failed,
    async run(count: number): Promise<void> {
      while (opened < count) await Promise.all(Array.from({ length: 50 }, begin));
    },
  };
}

/** A kill on a connection of its own. Rejects where that is reset. */
const kill = (url: string, agentId: string, token: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const asked = request(`${url}/agents/${agentId}/kill`, { method: 'POST', agent: false, headers });
    asked.once('error', reject);
    asked.once('response', response => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    });
    asked.end();
  });

const memoryOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;

const one = ['127.0.0.1'];
const many = Array.from({ length: 300 }, (_, at) => `127.1.${at >> 8}.${at & 255}`).map(address =>
  address.endsWith('.0') ? address.replace(/\.0$/, '.255') : address,
);

it.each([
  ['one address', 'few descriptors', one, 'ulimit -n 1024'],
  ['300 addresses', 'few descriptors', many, 'ulimit -n 1024'],
  ['300 addresses', 'all descriptors that it may have', many, 'ulimit -n hard'],
])(
  'resets no kill for those of %s who ask and never read, with %s',
  async (_, __, addresses, limit) => {
    const by = ['bash', '-c', `${limit}; exec "$@"`, 'bash'];
    const server = await startBuiltServer(settings('sqlite'), undefined, by);
    const { url, pid } = server;
    const token = await tokenFor();
    const agents = await Promise.all(
      Array.from({ length: KILLS * 2 }, async (_none, at) => {
        const agentId = `never-reading-${at}`;
        const agent = await startProcess({ agentId });
        const { pid: own, startTime } = agent;
        const body = { status: 'running', process: { pid: own, startTime } };
        expect((await call(url, 'PUT', `/agents/${agentId}`, { body })).status).toBe(201);
        return { agentId, agent };
      }),
    );
    const flood = stranger(Number(new URL(url).port), addresses);
    const flooding = flood.run(ALL);
    await expect.poll(flood.opened, { timeout: 20_000 }).toBeGreaterThan(600);
    for (const { agentId, agent } of agents.slice(0, KILLS)) {
      expect(await kill(url, agentId, token)).toBe(200);
      expect(agent.pids()).toEqual([]);
    }
    await flooding;
    await pause(SILENCE);
    for (const { agentId, agent } of agents.slice(KILLS)) {
      expect(await kill(url, agentId, token)).toBe(200);
      expect(agent.pids()).toEqual([]);
    }
    expect(memoryOf(pid)).toBeLessThan(MEMORY);
  },
  120_000,
);
