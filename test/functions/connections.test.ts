import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limitConnections } from '../../functions/connections.js';

const HEAD = 'GET / HTTP/1.1\r\nHost: x\r\n';

let server: Server;
const clients: Socket[] = [];
beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  limitConnections(server, 2);
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

it('makes room by closing whoever has waited longest', async () => {
  const [first, second] = [await open(), await open(HEAD)];
  await open();
  await isClosed(first);
  await open();
  await isClosed(second);
});

it('never closes one that is being answered, and rather turns a new one away', async () => {
  const one = await openAsking();
  const other = await openAsking();
  await isClosed(await open());
  for (const { client, response } of [one, other]) {
    const told = once(client, 'data');
    response.end('still here');
    expect(String(await told)).toContain('still here');
  }
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
