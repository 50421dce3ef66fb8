import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bodyBudget } from '../../functions/http/body-budget.js';
import { listen } from '../../functions/server/listen.js';
import { openHooks } from './hooks-bench.js';
import { alertmanager, alertOf, alertsOf } from './hooks-platforms.js';

const MIB = 1024 * 1024;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open() {
  const bench = await openHooks(alertmanager);
  const { url, close } = await listen(bench.app, { host: '127.0.0.1', port: 0 });
  closing.push(close);
  const body = JSON.stringify(alertsOf('4', alertOf({ agent_id: 'a1' })));
  return {
    ...bench,
    /** A small delivery with a credential that holds. */
    deliver: () =>
      fetch(`${url}/hooks/alertmanager`, {
        method: 'POST',
        body,
        headers: { ...alertmanager.headers(body, { at: bench.now }), 'content-type': 'application/json' },
      }),
    kill: (init: RequestInit = {}) =>
      fetch(`${url}/agents/a1/kill`, { method: 'POST', headers: { authorization: 'Bearer all' }, ...init }),
    /** Declares a body of 1 MiB, and sends but so much of it. */
    async begin(path: string, bytes: number): Promise<{ socket: Socket; text: () => string }> {
      const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
      closing.push(() => socket.destroy());
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: string) => {
        text += chunk;
      });
      await once(socket, 'connect');
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${MIB}\r\n\r\n`);
      socket.write(Buffer.alloc(bytes, 0x20));
      return { socket, text: () => text };
    },
  };
}

const held = () => expect.poll(() => bodyBudget.held, { timeout: 4_000, interval: 5 });

/** More than one address may have, in bodies that do not end. */
async function fill({ begin }: Pick<Awaited<ReturnType<typeof open>>, 'begin'>) {
  const all = [];
  for (let count = 1; count <= 4; count++) {
    all.push(await begin('/hooks/alertmanager', MIB - 1_000 - count));
    await held().toBeGreaterThan(count * (MIB - 2_000));
  }
  return all;
}

describe('bodies of senders who are not known', () => {
  it('are held for no more than there is room, and who has to go is told when to come again', async () => {
    const bench = await open();
    const [largest] = await fill(bench);
    const text = largest?.text ?? String;
    await bench.begin('/hooks/alertmanager', MIB - 500);
    await expect.poll(text, { timeout: 4_000 }).toContain('"code":"busy"');
    expect(text()).toMatch(/^HTTP\/1\.1 503 /);
    expect(text()).toMatch(/^retry-after: 1\r$/im);
    expect(text()).toMatch(/^content-type: application\/problem\+json\r$/im);
    expect(bodyBudget.held).toBeLessThanOrEqual(4 * MIB);
  });

  it('do not keep a delivery out that is small and signed: the largest of them makes room', async () => {
    const bench = await open();
    const all = await fill(bench);
    // What is left of the room, but for less than a delivery has.
    all.push(await bench.begin('/hooks/alertmanager', 4_000));
    await held().toBeGreaterThan(4 * MIB - 200);
    const answer = await bench.deliver();
    expect(answer.status).toBe(200);
    expect(await bench.a1.isAlive()).toBe(false);
    await expect.poll(() => all.map(({ text }) => text()).join('')).toContain('"code":"busy"');
  });

  it('keep no kill out that shows a credential', async () => {
    const bench = await open();
    await fill(bench);
    const headers = { authorization: 'Bearer all', 'content-type': 'application/json' };
    const answer = await bench.kill({ headers, body: JSON.stringify({ reason: 'runaway' }) });
    expect(answer.status).toBe(200);
    expect(await bench.a1.isAlive()).toBe(false);
  });

  it('give their room back when their connections break off', async () => {
    const bench = await open();
    const all = await fill(bench);
    for (const { socket } of all) socket.destroy();
    await held().toBe(0);
    expect((await bench.deliver()).status).toBe(200);
    await held().toBe(0);
  });

  it('give their room back when they are refused', async () => {
    const bench = await open();
    const { socket, text } = await bench.begin('/hooks/alertmanager', MIB);
    await expect.poll(text, { timeout: 4_000 }).toContain('"code":"unauthenticated"');
    await held().toBe(0);
    socket.destroy();
  });
});

describe('a body without a length', () => {
  const streamed = (size: number, headers: Record<string, string>): RequestInit =>
    ({ headers, body: new Blob([Buffer.alloc(size, 0x20)]).stream(), duplex: 'half' }) as RequestInit;
  const type = { 'content-type': 'application/json' };

  it('is not read from a client without a credential', async () => {
    const { kill } = await open();
    expect((await kill(streamed(1_000, type))).status).toBe(401);
    expect(bodyBudget.held).toBe(0);
  });

  it('is refused as soon as it is too large', async () => {
    const { kill, a1 } = await open();
    const answer = await kill(streamed(65 * 1024, { ...type, authorization: 'Bearer all' }));
    expect(answer.status).toBe(413);
    expect(await a1.isAlive()).toBe(true);
  });

  it('is taken where it is small enough', async () => {
    const { kill } = await open();
    const body = new Blob(['{"reason":"runaway"}']).stream();
    const headers = { ...type, authorization: 'Bearer all' };
    expect((await kill({ headers, body, duplex: 'half' } as RequestInit)).status).toBe(200);
  });
});
