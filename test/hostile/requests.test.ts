import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { expect, it } from 'vitest';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { isLong, openRandom } from '../faults/random.helper.js';
import { call, settings, startBuiltServer, tokenFor } from '../services/server.js';
import { openProbes, type Probe } from './requests.helper.js';

const REQUESTS = isLong ? 100_000 : 4_000;
const AT_ONCE = 16;
/** Of what the process holds after the first part, which warms it up. */
const GROWTH = 1.5;
const SLACK_BYTES = 48 * 2 ** 20;

const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;

const keepAlive = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/** The status; 0 where the server hung up on what is no HTTP. */
const send = (url: string, { method, path, headers, body }: Probe): Promise<number> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(url);
    const sent = request(
      { port, method, path, headers: { ...headers, 'content-length': body.length }, agent: keepAlive },
      response => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) =>
      /ECONNRESET|EPIPE/.test(error.code ?? '') ? resolve(0) : reject(error),
    );
    sent.end(body);
  });

it(`answers ${REQUESTS} random requests without an error of its own, a wrong success, or growth`, async () => {
  const { random, pick, seed } = openRandom();
  const environment = settings('sqlite', {
    KILLSWITCH_SANDBOX: 'docker',
    KILLSWITCH_AGENT_LABEL: `killswitch.test-requests-${process.pid}`,
    KILLSWITCH_LOG_LEVEL: 'warn',
  });
  const server = await startBuiltServer({ ...environment, KILLSWITCH_LOG_LEVEL: 'info' });
  const forge = {
    audience: 'killswitch',
    subject: 'mallory',
    scopes: ['agents:kill-all'],
    ttlSeconds: 600,
  } as const;
  const next = openProbes(
    { random, pick },
    {
      whole: await tokenFor(),
      reader: await tokenFor(['agents:read']),
      forged: await mintToken({ ...forge, secret: 'x'.repeat(40) }),
    },
  );
  const statuses = new Map<number, number>();
  const wrong: object[] = [];
  let warm = 0;
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent += 1;
      if (sent === Math.floor(REQUESTS / 4)) warm = residentBytes(server.pid);
      const probe = next();
      const status = await send(server.url, probe);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500 || (status >= 200 && status < 300 && !probe.mayHold)) {
        wrong.push({ status, ...probe, body: probe.body.toString().slice(0, 200) });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  expect(wrong.slice(0, 5), `with the seed ${seed}: ${JSON.stringify(wrong.slice(0, 5))}`).toEqual([]);
  // Enough of them were right, or nothing would have been tried.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 401, 403, 404, 405, 413]));
  expect(residentBytes(server.pid)).toBeLessThan(warm * GROWTH + SLACK_BYTES);
  expect((await call(server.url, 'GET', '/healthz')).status).toBe(200);
}, 600_000);
