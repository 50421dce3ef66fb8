import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { expect, it, onTestFinished } from 'vitest';
import { killswitch } from '../../functions/index.js';
import { createClient } from '../../lib/client/client.js';
import { triggerActor } from '../../lib/triggers/api-request.js';
import { fakeLog } from '../fakes/log.js';
import { startProcess } from '../services/agents.js';
import { identityOf, settings, tokenFor } from '../services/server.js';

/** A program of its own, with some functions of killswitch in it under `/ops/stop`. */
async function openProgram(functions: readonly string[]) {
  const environment = settings('sqlite');
  const embedded = await killswitch({ functions, environment, log: fakeLog() });
  const own = new Hono().get('/', c => c.text('a program of its own')).mount('/ops/stop', embedded.app.fetch);
  const server = createAdaptorServer({ fetch: own.fetch }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    server.close();
    expect(await embedded.close()).toEqual([]);
  });
  const tree = await startProcess({ agentId: 'embedded', variable: identityOf(environment).variable });
  const token = await tokenFor();
  return { ...embedded, url, tree, token, client: createClient({ url: `${url}/ops/stop`, token }) };
}

it('serves kill and latch under a base path of another app, and nothing else', async () => {
  const { url, token, client, tree } = await openProgram(['kill', 'latch']);
  expect(await (await fetch(url)).text()).toBe('a program of its own');
  expect(await client.kill('embedded', { reason: 'drill' })).toMatchObject({ status: 200, confirmed: true });
  expect(tree.pids()).toEqual([]);
  expect(await client.latch.engage({ reason: 'drill' })).toMatchObject({ engaged: true, by: 'tests' });
  expect(await client.latch.reset({ reason: 'over' })).toEqual({ engaged: false });
  const answer = await fetch(`${url}/ops/stop/agents`, { headers: { authorization: `Bearer ${token}` } });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
});

it('carries out commands of the program itself, and audits them in the name that it vouches for', async () => {
  const { commandsFor, deps, tree } = await openProgram(['kill']);
  const commands = commandsFor(triggerActor('supervisor', ['agents:kill']));
  const once = { idempotencyKey: 'incident-1' };
  const first = await commands.kill('embedded', { reason: 'it spends too much' }, once);
  expect(first).toMatchObject({ status: 200, confirmed: true });
  expect(tree.pids()).toEqual([]);
  expect(await commands.kill('embedded', { reason: 'it spends too much' }, once)).toEqual(first);
  await expect(commands.killAll()).rejects.toMatchObject({ code: 'forbidden', status: 403 });
  const audited: (readonly [string, string | undefined])[] = [];
  for await (const { operation, phase, actor } of deps.core.audit.query({}))
    audited.push([`${operation} ${phase}`, actor]);
  expect(audited).toEqual(
    expect.arrayContaining([
      ['KILL_AGENT accepted', 'supervisor'],
      ['ACCESS_DENIED refused', 'supervisor'],
    ]),
  );
});

it('names a function that does not exist, before anything is opened', async () => {
  await expect(killswitch({ functions: ['kil'], environment: settings('sqlite') })).rejects.toThrow(
    /^Unknown function kil; the functions are kill, kill-all, /,
  );
});
