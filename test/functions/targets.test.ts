import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../../functions/server/listen.js';
import { openApp } from './bench.js';

describe('a request line that no client writes', () => {
  let bench: ReturnType<typeof openApp>;
  let server: Listening;
  beforeEach(async () => {
    bench = openApp();
    server = await listen(bench.app, { host: '127.0.0.1', port: 0 });
  });
  afterEach(() => server.close());

  async function statusOf(line: string, host = 'x'): Promise<number> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding('latin1');
    socket.write(`${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let text = '';
    socket.on('data', chunk => {
      text += chunk;
    });
    await once(socket, 'close');
    return Number(text.split(' ', 2)[1]);
  }

  it.each([
    'GET http://x@y/',
    'GET http://x:y@z/healthz',
    'GET http://x@y/agents',
    'POST http://x@y/agents/a1/kill',
    'POST http://x@y/hooks/github',
    'GET http://x@y/nowhere',
    'GET https://@y/healthz',
    'GET http://[/',
    'GET http://x:99999/',
    'GET http://',
    'GET http:///',
    'GET x',
    'GET ftp://x/',
    'GET javascript:x',
  ])('answers %s with 400, and logs nothing', async line => {
    expect(await statusOf(line)).toBe(400);
    expect(bench.log.lines).toEqual([]);
  });

  it.each(['', '@', 'x@y', '[', 'x:y', 'a b', '%00', 'x/y', 'x?y'])(
    'answers nothing above 499 where the host is "%s"',
    async host => {
      for (const line of ['GET /healthz', 'POST /agents/a1/kill', 'GET /nowhere']) {
        expect(await statusOf(line, host)).toBeLessThan(500);
      }
      expect(bench.log.lines).toEqual([]);
    },
  );
});
