import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionLimits, type Listening, listen } from '../../functions/server/listen.js';
import { openApp } from './bench.js';

describe('the connections', () => {
  it.each([
    [64, 16, 16],
    [200, 68, 50],
    [1_024, 480, 64],
    [1_048_576, 1_024, 64],
  ])('of %i file descriptors are %i of the port and %i of the socket', (limit, port, socket) => {
    expect(connectionLimits(limit)).toEqual({ port, socket });
  });
});

describe('a server', () => {
  let bench: ReturnType<typeof openApp>;
  let server: Listening;
  beforeEach(async () => {
    bench = openApp();
    server = await listen(bench.app, { host: '127.0.0.1', port: 0 });
  });
  afterEach(() => server.close());

  /** Sends these bytes, as no client library would, and reads until the server closes. */
  async function exchange(requestLine: string): Promise<{ status: number; text: string }> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding('utf8');
    socket.write(
      `${requestLine} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer all\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    let text = '';
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    await once(socket, 'close');
    return { status: Number(text.split(' ', 2)[1]), text };
  }

  it.each([
    '/agents/../kill',
    '/agents/%2e%2e/kill',
    '/agents/%2E%2e/kill',
    '/agents/.%2e/kill',
    '/agents/./kill',
    '/agents/%2e/kill',
    '/agents/x/../a1/kill',
    '/agents/x/%2e%2e/a1/kill',
    '/agents/a1/x/../kill',
    '/agents/a1/kill/.',
    '/x/../agents/a1/kill',
    '/../agents/a1/kill',
    'http://x/agents/x/../a1/kill',
  ])('refuses the dot segments of %s, and no handler sees it', async path => {
    const { isAlive } = await bench.agent('a1');
    const { status, text } = await exchange(`POST ${path}`);
    expect(status).toBe(400);
    expect(text).toContain('"code":"invalid_agent_id"');
    bench.expectUntouched();
    expect(await isAlive()).toBe(true);
  });

  it.each(['POST /agents/x\\..\\a1/kill', 'POST //agents\\a1\\kill', 'TRACE /agents/a1/kill', 'POST *'])(
    'refuses what no browser would send: %s',
    async line => {
      const { isAlive } = await bench.agent('a1');
      const { status } = await exchange(line);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      bench.expectUntouched();
      expect(await isAlive()).toBe(true);
    },
  );

  it.each(['/agents/a1/kill', '/agents/a1/kill?x=/../', '/agents/a1/kill?..', 'http://x/agents/a1/kill'])(
    'takes %s',
    async path => {
      await bench.agent('a1');
      expect((await exchange(`POST ${path}`)).status).toBe(200);
    },
  );

  it.each(['..a1', 'a1..', '...', 'a..b'])('tells the ID %s from a dot segment', async agentId => {
    const { status } = await exchange(`POST /agents/${agentId}/kill`);
    expect(status).toBe(/^[a-z]/.test(agentId) ? 404 : 400);
  });

  it('answers over a real connection, headers and all', async () => {
    await bench.agent('a1');
    const headers = { authorization: 'Bearer all', 'x-request-id': 'req-1' };
    const response = await fetch(`${server.url}/agents/a1/kill`, { method: 'POST', headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toBe('req-1');
    expect(await response.json()).toMatchObject({ message: 'Agent a1 killed successfully' });
  });

  it('answers what is in flight before it closes, and takes no more', async () => {
    await bench.agent('a1');
    bench.containers.inject('kill', 'late');
    const headers = { authorization: 'Bearer all' };
    const answer = fetch(`${server.url}/agents/a1/kill`, { method: 'POST', headers });
    await expect.poll(() => bench.containers.calls.length).toBe(1);
    let isClosed = false;
    const closed = server.close().then(() => {
      isClosed = true;
    });
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    expect(isClosed).toBe(false);
    bench.containers.release();
    expect((await answer).status).toBe(200);
    await closed;
    server = await listen(bench.app, { host: '127.0.0.1', port: 0 });
  });

  it('says when the port is taken', async () => {
    const port = Number(new URL(server.url).port);
    await expect(listen(bench.app, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('writes the address of an IPv6 listener as a URL has it', async () => {
    const six = await listen(bench.app, { host: '::1', port: 0 });
    expect(six.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${six.url}/healthz`)).status).toBe(200);
    await six.close();
  });
});
