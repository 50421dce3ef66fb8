import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startProcess } from '../services/agents.js';
import { fullDisk, fullPipe, knownPort, serveCommand, serveInto, untilServing } from '../services/outputs.js';
import { isAlive } from '../services/proc.js';
import { afterFile } from '../services/registry.js';
import { call, settings, startBuiltServer } from '../services/server.js';
import { temporaryDirectory } from '../services/temporary.js';

/** What `/readyz` says of the log. */
async function logPort(url: string) {
  const { status, body } = await call(url, 'GET', '/readyz');
  return { status, ...body.ports.find(({ name }: { name: string }) => name === 'log') };
}

/** Kills a real agent of this host and sees it dead. */
async function expectKill(url: string): Promise<void> {
  const agentId = `agent-${randomUUID()}`;
  const agent = await startProcess({ agentId });
  const { pid, startTime } = agent;
  const body = { status: 'running', process: { pid, startTime } };
  expect((await call(url, 'PUT', `/agents/${agentId}`, { body })).status).toBe(201);
  const killed = await call(url, 'POST', `/agents/${agentId}/kill`);
  expect(killed).toMatchObject({ status: 200, body: { verified: true } });
  expect(agent.pids()).toEqual([]);
}

describe('a stop where the log cannot be written', () => {
  it.runIf(process.getuid?.() === 0)(
    'works on a full disk, and the log goes on when there is room',
    async () => {
      const { directory, makeRoom } = fullDisk();
      const path = join(directory, 'log');
      const fd = openSync(path, 'a');
      const server = await serveInto({ stdout: fd });
      closeSync(fd);
      await expectKill(server.url);
      expect(await logPort(server.url)).toMatchObject({
        ok: false,
        status: 200,
        detail: expect.stringMatching(/^nothing could be written since .* \(ENOSPC\)$/),
      });
      makeRoom();
      await expect.poll(async () => (await logPort(server.url)).ok).toBe(true);
      const lines = readFileSync(path, 'utf8').trim().split('\n');
      expect(lines.map(line => JSON.parse(line).msg)).toEqual(
        expect.arrayContaining(['listening', 'agent marked killed']),
      );
      server.child.kill('SIGTERM');
      expect(await server.ended).toBe(0);
    },
  );

  it('works on a full disk to the end', async context => {
    if (process.getuid?.() !== 0) context.skip();
    const fd = openSync(join(fullDisk().directory, 'log'), 'a');
    const server = await serveInto({ stdout: fd });
    closeSync(fd);
    await expectKill(server.url);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('works where nothing reads the pipe', async () => {
    const pipe = fullPipe();
    const server = await serveInto({ stdout: pipe, stderr: pipe });
    await expectKill(server.url);
    await expect.poll(async () => (await logPort(server.url)).ok).toBe(false);
    expect((await logPort(server.url)).detail).toMatch(/^nothing could be written since/);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('works where the reader of the pipe is gone', async () => {
    const server = await serveInto({ stdout: 'pipe', stderr: 'pipe' });
    server.child.stdout?.destroy();
    server.child.stderr?.destroy();
    await expectKill(server.url);
    expect(await logPort(server.url)).toMatchObject({ ok: false, detail: expect.stringContaining('EPIPE') });
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('works where a service manager stops reading its socket', async () => {
    const server = await serveInto({ stdout: 'pipe', stderr: 'pipe' });
    const reason = 'x'.repeat(500);
    const fillUp = async (): Promise<boolean> => {
      const body = { reason, selector: { agentIds: ['nobody'] } };
      const send = () => call(server.url, 'POST', '/agents/kill-all', { body });
      await Promise.all(Array.from({ length: 100 }, send));
      return (await logPort(server.url)).ok;
    };
    await expect.poll(fillUp, { timeout: 25_000 }).toBe(false);
    await expectKill(server.url);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('works after the terminal was closed', async () => {
    const pidFile = join(temporaryDirectory(), 'pid');
    const { url, environment } = await knownPort();
    const serve = `${serveCommand().join(' ')} </dev/null & echo $! >${pidFile}; wait`;
    const terminal = spawn('script', ['-qefc', serve, '/dev/null'], { env: environment, stdio: 'ignore' });
    await untilServing(url);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    afterFile(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    terminal.kill('SIGKILL');
    await once(terminal, 'exit');
    await expectKill(url);
    expect(await logPort(url)).toMatchObject({ ok: false, detail: expect.stringContaining('EIO') });
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

it('grows by a bounded number of lines, whatever strangers send', async () => {
  const server = await startBuiltServer(settings('sqlite', { KILLSWITCH_SANDBOX: 'process' }));
  const before = server.log.length;
  for (let round = 0; round < 10; round++) {
    const refused = Array.from({ length: 50 }, () => call(server.url, 'GET', '/agents', { token: 'forged' }));
    for (const { status } of await Promise.all(refused)) expect([401, 429]).toContain(status);
  }
  const told = server.logged('emergency stop engaged');
  await call(server.url, 'POST', '/latch', { body: { reason: 'the last line' } });
  await told;
  expect(server.log.length - before).toBeLessThan(40);
});
