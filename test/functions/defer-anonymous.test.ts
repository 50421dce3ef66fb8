import { once } from 'node:events';
import { createServer, type Server, request as send } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deferAnonymous } from '../../functions/server/defer-anonymous.js';

let server: Server;
let served: string[];
beforeEach(async () => {
  // What a test leaves waiting is its own.
  const own: string[] = [];
  served = own;
  server = createServer(({ url = '' }, response) => {
    own.push(url);
    response.end();
  });
  deferAnonymous(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** As if they had all been read in one turn of the event loop. */
const arriveTogether = (...requests: readonly (readonly [url: string, authorization?: string])[]) =>
  requests.map(([url, authorization]) => {
    const response = { destroyed: false, end: () => undefined };
    server.emit('request', { url, headers: { ...(authorization && { authorization }) } }, response);
    return response;
  });

it('serves one who shows a credential before all who came earlier with none', async () => {
  arriveTogether(
    ['/agents/1'],
    ['/agents/2'],
    ['/agents/3/kill', 'Bearer x'],
    ['/agents/4/kill', 'Bearer y'],
  );
  expect(served).toEqual(['/agents/3/kill', '/agents/4/kill']);
  await expect.poll(() => served.slice(2)).toEqual(['/agents/1', '/agents/2']);
});

it('serves no more than one of the others in a turn, so that those who come meanwhile are taken in between', async () => {
  arriveTogether(...Array.from({ length: 5 }, (_, n) => [`/agents/${n}`] as const));
  const seen: number[] = [];
  for (let n = 0; n < 5; n++) {
    await turn();
    seen.push(served.length);
  }
  expect(Math.max(...seen.map((count, n) => count - (seen[n - 1] ?? 0)))).toBe(1);
  await expect.poll(() => served).toEqual(['/agents/0', '/agents/1', '/agents/2', '/agents/3', '/agents/4']);
});

it('serves none of the others while connections come in, unless very many wait', async () => {
  arriveTogether(['/agents/1']);
  for (let n = 0; n < 5; n++) {
    server.emit('connection', new Socket());
    await turn();
  }
  expect(served).toEqual([]);
  await expect.poll(() => served).toEqual(['/agents/1']);
  arriveTogether(...Array.from({ length: 600 }, (_, n) => [`/agents/${n}`] as const));
  for (let n = 0; n < 5; n++) {
    server.emit('connection', new Socket());
    await turn();
  }
  expect(served.length).toBeGreaterThan(1);
  await expect.poll(() => served).toHaveLength(601);
});

it.each([
  '/hooks/sentry',
  '/hooks/standard?x=1',
  '/chatops/slack',
  '/links/abc',
  '/healthz',
  '/readyz',
  '/metrics',
])('does not keep %s waiting, whose callers sign or show nothing', path => {
  arriveTogether(['/agents/1'], [path]);
  expect(served).toEqual([path]);
});

it.each(['/openapi.json', '/hook', '/healthz-of-mine', '/agents/hooks/kill', '*'])('lets %s wait', path => {
  arriveTogether([path]);
  expect(served).toEqual([]);
});

it('does nothing for one that went away while it waited, and goes on with the next', async () => {
  const [first] = arriveTogether(['/agents/1'], ['/agents/2']);
  Object.assign(first as object, { destroyed: true });
  await expect.poll(() => served).toEqual(['/agents/2']);
});

it('serves real requests of every kind', async () => {
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string, authorization?: string): Promise<number | undefined> => {
    const sent = send({ port, path, headers: { ...(authorization && { authorization }) } }).end();
    const [{ statusCode }] = await once(sent, 'response');
    return statusCode;
  };
  const paths = Array.from({ length: 20 }, (_, n) => `/agents/${n}`);
  const answers = await Promise.all([...paths.map(path => ask(path)), ask('/latch', 'Bearer x')]);
  expect(answers).toEqual(answers.map(() => 200));
  expect(served.toSorted()).toEqual([...paths, '/latch'].toSorted());
});
