import { describe, expect, it } from 'vitest';
import type { FakeClock } from '../fakes/clock.js';
import { fakeCore } from '../fakes/core.js';
import { atDeadlines } from '../fakes/deadlines.js';
import { expectProblem, openApp } from './bench.js';

const KILL = 'POST /agents/a1/kill';
const under = (key: string, more: object = {}) => ({ headers: { 'idempotency-key': key }, ...more });
/** Lets time pass, a little at a time, until the answer is there. */
async function inTime<T>(clock: FakeClock, answer: Promise<T>): Promise<T> {
  const passing = setInterval(() => clock.advance(100), 5);
  return answer.finally(() => clearInterval(passing));
}
const accepted = ({ memory }: ReturnType<typeof fakeCore>['store']) =>
  memory.audit.filter(({ phase }) => phase === 'accepted');

describe('a request with an Idempotency-Key', () => {
  it('is answered with the first receipt when it comes again, also after a day but one second', async () => {
    const { send, agent, clock, store } = openApp();
    await agent('a1');
    const first = await send(KILL, under('k1'));
    clock.advance((24 * 3_600 - 1) * 1_000);
    const again = await send(KILL, under('k1'));
    expect([again.status, again.json]).toEqual([200, first.json]);
    expect(accepted(store)).toHaveLength(1);
    clock.advance(1_000);
    expectProblem(await send(KILL, under('k1')), 400, 'invalid_state');
  });

  it('is carried out once when 20 come at the same time, and all get its receipt', async () => {
    const { send, agent, containers, store } = openApp();
    await agent('a1');
    containers.inject('kill', 'late');
    const answers = Array.from({ length: 20 }, () => send(KILL, under('k1')));
    await expect.poll(() => containers.calls.length).toBe(1);
    containers.release();
    const got = await Promise.all(answers);
    expect(new Set(got.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(got[0]).toMatchObject({ status: 200, json: { verified: true } });
    expect(accepted(store)).toHaveLength(1);
  });

  it('goes for kill-all too', async () => {
    const { send, agent } = openApp();
    await agent('a1');
    const first = await send('POST /agents/kill-all', under('k1'));
    await agent('a2');
    expect((await send('POST /agents/kill-all', under('k1'))).json).toEqual(first.json);
    expect((await send('POST /agents/kill-all', under('k2'))).json).toMatchObject({ total: 1, killed: 1 });
  });

  it('is refused when it is another request than the first', async () => {
    const { send, agent } = openApp();
    const others = [await agent('a1'), await agent('a2')];
    await agent('a3');
    expect((await send('POST /agents/a3/kill', under('k1'))).status).toBe(200);
    for (const [line, more] of [
      ['POST /agents/a2/kill', {}],
      ['POST /agents/a3/kill', { body: { reason: 'x' } }],
      ['POST /agents/kill-all', {}],
    ] as const) {
      expectProblem(await send(line, under('k1', more)), 409, 'idempotency_mismatch');
    }
    for (const { isAlive } of others) expect(await isAlive()).toBe(true);
  });

  it('shares its key with no one else, and shows nothing to who may not stop', async () => {
    const { send, agent } = openApp();
    await agent('a1');
    await send(KILL, under('k1'));
    expectProblem(await send(KILL, under('k1', { token: 'reader' })), 403, 'forbidden');
    expectProblem(await send(KILL, under('k1', { token: 'narrowed' })), 409, 'idempotency_mismatch');
    expectProblem(await send(KILL, under('k1', { token: 'bob' })), 400, 'invalid_state');
  });

  it('may come again when the first one was refused', async () => {
    const { send, agent } = openApp();
    const refused = await Promise.all(Array.from({ length: 5 }, () => send(KILL, under('k1'))));
    for (const answer of refused) expectProblem(answer, 404, 'agent_not_found');
    await agent('a1');
    expect((await send(KILL, under('k1'))).status).toBe(200);
  });

  it('is answered with what is known by the deadline while the first one runs', async () => {
    const bed = fakeCore({ limits: { respondMs: 30 } });
    const { send, agent, containers } = openApp({ bed });
    await agent('a1');
    containers.inject('kill', 'late');
    const first = await atDeadlines(() => send(KILL, under('k1')));
    expect((await inTime(bed.clock, send(KILL, under('k1')))).json).toEqual(first.json);
    expect(first.status).toBe(202);
    containers.release();
    await expect.poll(async () => (await send(KILL, under('k1'))).status).toBe(200);
  });

  it('is answered with 202 while another process carries it out', async () => {
    const bed = fakeCore({ limits: { respondMs: 30 } });
    const elsewhere = openApp({ bed });
    await elsewhere.agent('a1');
    elsewhere.containers.inject('kill', 'late');
    const { operationId } = (await atDeadlines(() => elsewhere.send(KILL, under('k1')))).json;
    const here = openApp({ bed, newId: () => 'here' });
    expect(await inTime(bed.clock, here.send(KILL, under('k1')))).toMatchObject({
      status: 202,
      json: { operationId, verified: false, incomplete: true },
    });
    elsewhere.containers.release();
  });

  it('is carried out when nothing is known of the first one, whose process must have died', async () => {
    const { send, agent, store, clock } = openApp();
    await agent('a1');
    await send(KILL, under('k1'));
    const [key] = [...store.memory.documents.keys()].filter(name => name.startsWith('memory:idempotency:'));
    const text = store.memory.documents.get(key as string)?.raw as string;
    const raw = text.replace(/"operationId":"[^"]*"/, '"operationId":"lost"');
    store.memory.documents.set(key as string, { raw, expiresAt: Number.POSITIVE_INFINITY });
    expectProblem(await inTime(clock, send(KILL, under('k1'))), 400, 'invalid_state');
  });

  it.each(['read', 'commit'] as const)('stops all the same when the store fails to %s', async method => {
    const { send, agent, store } = openApp();
    const { isAlive } = await agent('a1');
    store.faults.fail(method);
    expect((await send(KILL, under('k1'))).status).toBeLessThan(300);
    expect(await isAlive()).toBe(false);
  });

  it('stops all the same when the store goes after the key was found', async () => {
    const { send, agent, store } = openApp();
    await agent('a1');
    await send(KILL, under('k1'));
    let reads = 0;
    store.faults.lie('read', truth => {
      if (++reads > 1) throw new Error('gone');
      return truth();
    });
    store.faults.fail('agents');
    expect((await send(KILL, under('k1'))).json).toMatchObject({ degraded: true });
  });

  it.each(['null', '{"state":1}', '{'])('stops all the same when the first one reads %s', async raw => {
    const { send, agent, store } = openApp();
    const first = await agent('a1');
    await agent('a2');
    expect((await send('POST /agents/kill-all', under('k1', { body: { dryRun: false } }))).status).toBe(200);
    const name = [...store.memory.documents.keys()].find(one => one.startsWith('operation:')) ?? '';
    store.memory.documents.set(name, { raw, expiresAt: Number.POSITIVE_INFINITY });
    await agent('a3');
    const { status, json } = await send('POST /agents/kill-all', under('k1', { body: { dryRun: false } }));
    expect([status, json]).toMatchObject([200, { total: 1, killed: 1 }]);
    expect(await first.isAlive()).toBe(false);
  });

  it('takes no key for a dry run', async () => {
    const { send, agent } = openApp();
    await agent('a1');
    expect((await send(KILL, under('k1', { body: { dryRun: true } }))).json).toMatchObject({ dryRun: true });
    expect((await send(KILL, under('k1'))).status).toBe(200);
  });

  it.each([
    ['nothing', ''],
    ['256 characters', 'k'.repeat(256)],
    ['a tab', 'a\tb'],
    ['more than ASCII', 'ké'],
  ])('is refused with a key of %s', async (_, key) => {
    const { send, agent } = openApp();
    const { isAlive } = await agent('a1');
    expectProblem(await send(KILL, under(key)), 400, 'invalid_request');
    expect(await isAlive()).toBe(true);
  });
});
