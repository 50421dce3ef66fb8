import { describe, expect, it } from 'vitest';
import { localCommands } from '../../functions/cli/local.js';
import { edgeCommands } from '../../functions/gateway/commands.js';
import { createForward } from '../../functions/gateway/forward.js';
import { createClient } from '../../lib/client/client.js';
import type { Commands } from '../../lib/client/commands.js';
import { actorWith, holding } from '../fakes/authenticator.js';
import { fakeCommandsFor } from '../fakes/commands.js';
import { openApp } from './bench.js';

type Bench = ReturnType<typeof openApp>;
const actors = { all: actorWith(), reader: holding('agents:read') };
type Name = keyof typeof actors;

const fetchOf =
  ({ app }: Bench): typeof fetch =>
  async (url, init) =>
    app.request(url as string, init);

/** Every way in which commands are carried out, in the name of one who may do everything, or only read. */
const ways: Readonly<Record<string, (bench: Bench, name: Name) => Commands>> = {
  'in this process for --local': ({ deps }, name) => localCommands(deps, actors[name]),
  'in this process for a trigger': ({ deps }, name) => deps.commandsFor(actors[name]),
  'over HTTP': (bench, name) => createClient({ url: 'http://h', token: name, fetch: fetchOf(bench) }),
  'at the edge': (bench, name) => {
    const origins = [{ name: 'one', url: 'http://h' }];
    const { log, newId } = bench.deps;
    const sign = async () => name;
    const forward = createForward({ origins, timeoutMs: 5_000, sign, fetch: fetchOf(bench), log });
    return edgeCommands(forward, newId)(actors[name]);
  },
};

describe.each(Object.entries(ways))('commands, carried out %s', (_, commandsOf) => {
  function open() {
    const bench = openApp();
    return { ...bench, commands: commandsOf(bench, 'all'), reader: commandsOf(bench, 'reader') };
  }
  const key = { idempotencyKey: 'k1' };

  it('stop one agent, once for the same key', async () => {
    const { commands, agent, store } = open();
    const { isAlive } = await agent('a1');
    const first = await commands.kill('a1', { reason: 'drill' }, key);
    expect(first).toMatchObject({
      status: 200,
      confirmed: true,
      receipt: { agentId: 'a1', verified: true, message: expect.stringContaining('a1') },
    });
    expect(await isAlive()).toBe(false);
    expect(await commands.kill('a1', { reason: 'drill' }, key)).toEqual(first);
    expect(store.memory.audit.filter(({ phase }) => phase === 'accepted')).toHaveLength(1);
    await expect(commands.kill('a1', { reason: 'another' }, key)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
  });

  it('stop all agents, once for the same key, and tell what became of it', async () => {
    const { commands, agent } = open();
    for (const agentId of ['a1', 'a2']) await agent(agentId);
    const first = await commands.killAll({ selector: { taskId: 't1' } }, key);
    expect(first).toMatchObject({ status: 200, confirmed: true, receipt: { total: 2, killed: 2 } });
    await agent('a3');
    expect(await commands.killAll({ selector: { taskId: 't1' } }, key)).toEqual(first);
    const { operationId } = first.receipt;
    expect(await commands.operation(operationId)).toMatchObject({ operationId, state: 'ended' });
    const { agents } = await commands.agents.list({ status: 'running' });
    expect(agents.map(({ agentId }) => agentId)).toEqual(['a3']);
    expect((await commands.agents.list({ limit: 2 })).cursor).toBe('a2');
  });

  it('confirm nothing by a dry run', async () => {
    const { commands, agent } = open();
    const { isAlive } = await agent('a1');
    const { confirmed, receipt } = await commands.killAll({ dryRun: true });
    expect([confirmed, receipt.total, await isAlive()]).toEqual([false, 1, true]);
  });

  it('engage the emergency stop once for the same key, show it, and reset it', async () => {
    const { commands } = open();
    expect(await commands.latch.status()).toMatchObject({ engaged: false });
    const engaged = { engaged: true, by: 'alice', reason: 'drill' };
    expect(await commands.latch.engage({ reason: 'drill' }, key)).toMatchObject(engaged);
    expect(await commands.latch.status()).toMatchObject(engaged);
    expect(await commands.latch.reset({ reason: 'over' }, key)).toMatchObject({ engaged: false });
    expect(await commands.latch.engage({ reason: 'drill' }, key)).toMatchObject({ engaged: false });
    expect(await commands.latch.engage()).toMatchObject({ engaged: true, selector: {} });
    expect(await commands.latch.reset({ reason: 'over' }, key)).toMatchObject({ engaged: true });
  });

  it('do not take a label that gets lost on the way for a selection of every agent', async () => {
    const { commands, agent, store } = open();
    const { isAlive } = await agent('a1');
    const selector = { labels: JSON.parse('{"__proto__":"x"}') as Record<string, string> };
    await expect(commands.killAll({ selector })).rejects.toThrow('__proto__: unknown member');
    await expect(commands.latch.engage({ selector })).rejects.toThrow('__proto__: unknown member');
    expect([await isAlive(), await commands.latch.status()]).toMatchObject([true, { engaged: false }]);
    expect(store.memory.audit).toEqual([]);
  });

  it('reject with the code of what went wrong', async () => {
    const { commands, reader, expectUntouched } = open();
    await expect(commands.kill('nobody')).rejects.toMatchObject({ code: 'agent_not_found', status: 404 });
    await expect(commands.operation('none')).rejects.toMatchObject({ code: 'operation_not_found' });
    await expect(reader.kill('a1')).rejects.toMatchObject({ code: 'forbidden', status: 403 });
    await expect(reader.killAll()).rejects.toMatchObject({ code: 'forbidden' });
    await expect(reader.latch.engage()).rejects.toMatchObject({ code: 'forbidden' });
    await expect(reader.latch.reset({ reason: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
    expectUntouched();
  });
});

describe('commands for a trigger', () => {
  const open = () => {
    const bench = openApp();
    return { ...bench, commands: bench.deps.commandsFor(actors.all) };
  };

  it('are requests with an ID of their own, which the answer and the audit name', async () => {
    const { deps, store } = open();
    const error = await deps
      .commandsFor(actors.reader)
      .killAll()
      .catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: 'forbidden',
      requestId: 'id-1',
      body: { type: 'urn:killswitch:error:forbidden', status: 403, requestId: 'id-1' },
    });
    expect(store.memory.audit).toMatchObject([
      { operation: 'ACCESS_DENIED', requestId: 'id-1', reason: 'POST /agents/kill-all' },
    ]);
  });

  it.each<[string, (commands: Commands) => Promise<unknown>, { code: string; message: RegExp }]>([
    ['an ID that is none', c => c.kill('a/b'), { code: 'invalid_agent_id', message: /^agentId: must match/ }],
    [
      'a reason that is too long',
      c => c.kill('a1', { reason: 'x'.repeat(1_001) }),
      { code: 'invalid_request', message: /^reason: / },
    ],
    [
      'more than a request may have',
      c => c.killAll({ selector: { agentIds: Array.from({ length: 9_000 }, (_, n) => `agent-${n}`) } }),
      { code: 'body_too_large', message: /^The body may have at most 65536 bytes$/ },
    ],
    [
      'a reset without a reason',
      c => c.latch.reset({ reason: ' ' }),
      { code: 'invalid_request', message: /./ },
    ],
  ])('are refused like those that come over HTTP: %s', async (_, ask, { code, message }) => {
    const { commands, expectUntouched } = open();
    await expect(ask(commands)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expectUntouched();
  });

  it('say nothing of what failed inside, which is logged', async () => {
    const bench = openApp({ stop: { stop: () => Promise.reject(new TypeError('secret')) } as never });
    const error = await bench.deps
      .commandsFor(actors.all)
      .kill('a1')
      .catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'internal', status: 500, requestId: 'id-1' });
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(bench.log.lines).toMatchObject([
      { level: 'error', message: 'request failed', entry: { requestId: 'id-1' } },
    ]);
  });
});

it('tells where the emergency stop stands otherwise behind a gateway', async () => {
  const errors = ['origin two did not answer'];
  const { latch } = fakeCommandsFor(async () => ({ status: 202, body: { engaged: false, errors } }))(
    actors.all,
  );
  expect(await latch.engage()).toEqual({ engaged: false, errors });
});
