import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { trust } from '../../functions/http/trusted-caller.js';
import { limitConnections } from '../../functions/server/connection-limit.js';

const HEAD = 'GET / HTTP/1.1\r\nHost: x\r\n';

let server: Server;
const clients: Socket[] = [];
beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  limitConnections(server, { most: 2 });
  await once(server, 'listening');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  server.close();
  await once(server, 'close');
});

/** One more connection, when the server has it. */
async function open(said = ''): Promise<Socket> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  client.resume();
  clients.push(client);
  const accepted = once(server, 'connection');
  client.write(said);
  await accepted;
  return client;
}

async function openAsking(said = `${HEAD}\r\n`): Promise<{ client: Socket; response: ServerResponse }> {
  const asked = once(server, 'request');
  const client = await open(said);
  const [, response] = await asked;
  return { client, response };
}

const isClosed = (client: Socket) => once(client, 'close');

it('makes room by closing the one that has waited longest', async () => {
  const [first, second] = [await open(), await open(HEAD)];
  await open();
  await isClosed(first);
  await open();
  await isClosed(second);
});

it('closes one that says nothing before one whose credential is still being checked', async () => {
  const { response } = await openAsking(`${HEAD}Authorization: Bearer x\r\n\r\n`);
  const silent = await open();
  await open();
  await isClosed(silent);
  expect(response.destroyed).toBe(false);
});

const trusted = async (): Promise<{ client: Socket; response: ServerResponse }> => {
  const one = await openAsking();
  trust({ env: { incoming: one.response.req } });
  return one;
};

it('never closes one that is being answered under a credential that held, and rather turns a new one away', async () => {
  const one = await trusted();
  const other = await trusted();
  await isClosed(await open());
  for (const { client, response } of [one, other]) {
    const told = once(client, 'data');
    response.end('still here');
    expect(String(await told)).toContain('still here');
  }
});

it('makes room by closing one that is being answered without a credential', async () => {
  const stranger = await openAsking();
  const { client, response } = await trusted();
  const newcomer = await openAsking();
  await isClosed(stranger.client);
  for (const [socket, answer] of [
    [client, response],
    [newcomer.client, newcomer.response],
  ] as const) {
    const told = once(socket, 'data');
    answer.end('still here');
    expect(String(await told)).toContain('still here');
  }
});

it('makes room by closing one that has its answer and does not read it, before any that only came', async () => {
  const older = await open();
  const { client, response } = await openAsking();
  client.pause();
  response.end(Buffer.alloc(16 * 1024 * 1024));
  await open();
  client.resume();
  await isClosed(client);
  expect(older.closed).toBe(false);
});

it('closes one that asks many things at once without a credential, and answers a few at once', async () => {
  server.on('request', (_, response) => void setImmediate(() => response.end()));
  const few = await open(`${HEAD}\r\n`.repeat(4));
  expect(String((await once(few, 'data'))[0])).toContain('200');
  await isClosed(await open(`${HEAD}\r\n`.repeat(50)));
  expect(few.closed).toBe(false);
});

it('closes one that takes nothing of its answer for long', async () => {
  const { client, response } = await openAsking();
  client.pause();
  response.end(Buffer.alloc(16 * 1024 * 1024));
  await once(response, 'close');
  expect(client.bytesRead).toBeLessThan(16 * 1024 * 1024);
});

it('keeps one that takes its answer slowly', async () => {
  const { client, response } = await openAsking();
  client.pause();
  response.end(Buffer.alloc(16 * 1024 * 1024));
  const reading = setInterval(() => client.read(256 * 1024), 100);
  await once(response, 'finish', { signal: AbortSignal.timeout(30_000) });
  clearInterval(reading);
  expect(client.closed).toBe(false);
}, 40_000);

it('lets a network have more than its share while there is room, and makes room among those then', async () => {
  const limited = createServer().listen(0, '127.0.0.1');
  limitConnections(limited, { most: 4, mostOfNetwork: 2 });
  await once(limited, 'listening');
  const { port } = limited.address() as AddressInfo;
  const from = async (localAddress: string): Promise<Socket> => {
    const accepted = once(limited, 'connection');
    const client = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
    client.resume();
    clients.push(client);
    await accepted;
    return client;
  };
  const other = await from('127.0.0.2');
  const first = await from('127.0.0.3');
  const others = [await from('127.0.0.3'), await from('127.0.0.3')];
  await from('127.0.0.4');
  await isClosed(first);
  await from('127.0.0.3');
  await isClosed(others[0] as Socket);
  expect([other.closed, others[1]?.closed]).toEqual([false, false]);
  for (const client of clients) client.destroy();
  limited.close();
  await once(limited, 'close');
});

it('takes one whose body has not come for one that waits', async () => {
  const { client } = await openAsking(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{`);
  await open();
  await open();
  await isClosed(client);
});

it('takes one that was answered for one that waits, behind those that came before', async () => {
  const { client, response } = await openAsking();
  const other = await open();
  const answered = once(response, 'close');
  response.end();
  await answered;
  await open();
  await isClosed(other);
  await open();
  await isClosed(client);
});
