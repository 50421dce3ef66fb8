import { describe, expect, it } from 'vitest';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { Selector } from '../../lib/domain/selector.js';
import { fakeCore } from '../fakes/core.js';
import { expectProblem, openApp, type Token } from './bench.js';

const reason = 'it spreads';
const open = { engaged: false };

describe('the latch', () => {
  it('is open until it is engaged, and then says since when, by whom, why and for whom', async () => {
    const { send, woken } = openApp();
    expect((await send('GET /latch')).json).toEqual(open);
    expect(woken()).toBe(0);
    const selector = { taskId: 't1' };
    const engaged = await send('POST /latch', { body: { reason, selector } });
    expect(engaged.status).toBe(200);
    expect(engaged.json).toEqual({
      engaged: true,
      since: '2026-11-22T10:00:00.000Z',
      by: 'alice',
      reason,
      selector,
    });
    expect((await send('GET /latch')).json).toEqual(engaged.json);
    expect(woken()).toBe(1);
  });

  it('is engaged for every agent by a request without a word', async () => {
    const { send } = openApp();
    expect((await send('POST /latch')).json).toMatchObject({ engaged: true, selector: {} });
  });

  it('lists its holds where there are several, and is reset as a whole', async () => {
    const { send } = openApp();
    await send('POST /latch', { body: { selector: { taskId: 't1' } } });
    const { json } = await send('POST /latch', { body: { reason, selector: { taskId: 't2' } } });
    expect(json).toMatchObject({ engaged: true, selector: { taskId: 't1' } });
    expect(json.holds).toMatchObject([
      { selector: { taskId: 't1' } },
      { reason, selector: { taskId: 't2' } },
    ]);
    const reset = await send('DELETE /latch', { body: { reason: 'found it' } });
    expect([reset.status, reset.json]).toEqual([200, open]);
    expect((await send('GET /latch')).json).toEqual(open);
  });

  it('is reset once for the same key, however often and by whichever process it is asked', async () => {
    const bed = fakeCore();
    const [one, other] = [openApp({ bed }), openApp({ bed })];
    const body = { reason: 'found it' };
    const again = { body, headers: { 'idempotency-key': 'k1' } };
    await one.send('POST /latch');
    expect((await one.send('DELETE /latch', again)).json).toEqual(open);
    await one.send('POST /latch');
    expect((await other.send('DELETE /latch', again)).json).toMatchObject({ engaged: true });
    expect((await other.send('DELETE /latch', { ...again, token: 'engager' })).status).toBe(403);
    expect((await other.send('DELETE /latch', { ...again, token: 'bob' })).json).toEqual(open);
    bed.store.faults.fail('commit');
    expectProblem(
      await one.send('DELETE /latch', { body, headers: { 'idempotency-key': 'k2' } }),
      503,
      'store_unavailable',
    );
  });

  it('is reset by the retry of a request that failed half-way', async () => {
    const { send, store } = openApp();
    const again = { body: { reason: 'found it' }, headers: { 'idempotency-key': 'k1' } };
    await send('POST /latch');
    let commits = 0;
    store.faults.lie('commit', truth => {
      if (++commits > 1) throw new KillswitchError('store_unavailable');
      return truth();
    });
    expectProblem(await send('DELETE /latch', again), 503, 'store_unavailable');
    store.faults.heal();
    expect((await send('DELETE /latch', again)).json).toEqual(open);
  });

  it('is audited with each change, and with none that changes nothing', async () => {
    const { send, store } = openApp();
    const headers = { 'x-request-id': 'req-1' };
    await send('POST /latch', { body: { reason }, headers });
    await send('POST /latch', { body: { reason: 'again' } });
    await send('DELETE /latch', { body: { reason: 'found it' } });
    await send('DELETE /latch', { body: { reason: 'again' } });
    expect(store.memory.audit).toMatchObject([
      { operation: 'ENGAGE_LATCH', actor: 'alice', reason, requestId: 'req-1', selector: {} },
      { operation: 'RESET_LATCH', actor: 'alice', reason: 'found it' },
    ]);
  });

  it('keeps agents from being registered and from becoming active until it is reset', async () => {
    const { send, agent, expectUntouched } = openApp();
    await agent('a1', { status: 'spawning' });
    await send('POST /latch');
    const running = { body: { status: 'running' } };
    expectProblem(await send('PUT /agents/a2', running), 409, 'latched');
    expectProblem(await send('PATCH /agents/a1', running), 409, 'latched');
    expect((await send('PATCH /agents/a1', { body: { status: 'failed' } })).status).toBe(200);
    await send('DELETE /latch', { body: { reason } });
    expect((await send('PUT /agents/a2', running)).status).toBe(201);
    expect(expectUntouched).toThrow();
  });

  it('is engaged by a kill-all that says so, before any agent is stopped', async () => {
    const { send, agent, woken } = openApp();
    await agent('a1');
    const { status } = await send('POST /agents/kill-all', { body: { latch: true, reason } });
    expect(status).toBe(200);
    expect((await send('GET /latch')).json).toMatchObject({ engaged: true, reason });
    expect(woken()).toBe(1);
  });

  it('counts as engaged for every agent when its text cannot be read', async () => {
    const { send, store } = openApp();
    for (const raw of ['', 'null', '{"holds":[]}', '{"holds":[{}]}', '{"holds":[{"selector":{"task":1}}]}']) {
      store.memory.documents.set('latch:', { raw, expiresAt: Number.POSITIVE_INFINITY });
      expect((await send('GET /latch')).json).toEqual({ engaged: true, unverified: true });
      expectProblem(await send('PUT /agents/a2', { body: { status: 'running' } }), 409, 'latched');
    }
    expect((await send('DELETE /latch', { body: { reason } })).json).toEqual(open);
  });

  it.each<[string, string, Token, number]>([
    ['looked at', 'GET /latch', 'reader', 200],
    ['looked at', 'GET /latch', 'killer', 403],
    ['engaged', 'POST /latch', 'engager', 200],
    ['engaged', 'POST /latch', 'reader', 403],
    ['reset', 'DELETE /latch', 'engager', 403],
    ['reset', 'DELETE /latch', 'narrowed', 403],
    ['reset', 'DELETE /latch', 'all', 200],
  ])('is %s with its own scope alone: %s by %s', async (_, line, token, status) => {
    const { send } = openApp();
    await send('POST /latch');
    const body = line.startsWith('DELETE') ? { reason } : undefined;
    expect((await send(line, { token, ...(body && { body }) })).status).toBe(status);
  });

  it('is engaged once for the same key: what was recorded does not undo a reset', async () => {
    const bed = fakeCore();
    const { send, woken } = openApp({ bed });
    const again = { body: { reason }, headers: { 'idempotency-key': 'k1' } };
    expect((await send('POST /latch', again)).json).toMatchObject({ engaged: true, reason });
    await send('DELETE /latch', { body: { reason: 'over' } });
    expect((await send('POST /latch', again)).json).toEqual(open);
    expect(woken()).toBe(1);
    expect((await send('POST /latch', { ...again, token: 'bob' })).json).toMatchObject({ engaged: true });
    expect((await send('POST /latch', { ...again, token: 'reader' })).status).toBe(403);
    const odd = { headers: { 'idempotency-key': 'x'.repeat(300) } };
    expectProblem(await send('POST /latch', odd), 400, 'invalid_request');
  });

  it('is engaged by a key that a failed attempt has used', async () => {
    const bed = fakeCore();
    const { send } = openApp({ bed });
    const again = { headers: { 'idempotency-key': 'k1' } };
    bed.store.faults.fail('commit');
    expectProblem(await send('POST /latch', again), 503, 'store_unavailable');
    bed.store.faults.heal();
    expect((await send('POST /latch', again)).json).toMatchObject({ engaged: true });
  });

  it.each<[string, Selector, object]>([
    ['for everybody', {}, { engaged: true, by: 'alice', reason, selector: {} }],
    ['for its task', { taskId: 't1' }, { engaged: true, by: 'alice', reason, selector: { taskId: 't1' } }],
    ['for another task', { taskId: 't2' }, { engaged: false }],
    ...[{ agentIds: ['a7'] }, { host: 'h7' }, { labels: { secret: 'x' } }, { taskId: 't1', host: 'h7' }].map(
      (selector): [string, Selector, object] => [
        `for ${JSON.stringify(selector)}`,
        selector,
        { engaged: true, by: '(not shown)', selector: { taskId: 't1' } },
      ],
    ),
  ])('shows a narrowed credential what may concern it alone: %s', async (_, selector, shown) => {
    const { send } = openApp();
    await send('POST /latch', { body: { reason, selector } });
    const { json, text } = await send('GET /latch', { token: 'narrowed' });
    expect(json).toMatchObject(shown);
    if (!text.includes('alice')) expect(text).not.toMatch(/a7|h7|secret|t2|spreads/);
  });

  it('shows an agent that it is among others for which it is engaged, and none of them', async () => {
    const bed = fakeCore();
    const own = { kind: 'token', subject: 'a1', scopes: new Set(['agents:read']), within: { agentId: 'a1' } };
    const { send } = openApp({ bed });
    await send('POST /latch', { body: { reason, selector: { agentIds: ['a1', 'a2'] } } });
    await send('POST /latch', { body: { reason: 'hush', selector: { agentIds: ['a3'] } } });
    const authenticator = {
      authenticate: async () => own as never,
      probe: async () => ({ name: 'x', ok: true }),
    };
    const { json } = await openApp({ bed, authenticator }).send('GET /latch');
    expect(json).toEqual({
      engaged: true,
      since: expect.any(String),
      by: 'alice',
      reason,
      selector: { agentIds: ['a1'] },
    });
  });

  it('is engaged by a narrowed credential for what that reaches', async () => {
    const { send } = openApp();
    const { json } = await send('POST /latch', { token: 'narrowed' });
    expect(json).toMatchObject({ engaged: true, selector: { taskId: 't1' } });
    const outside = { token: 'narrowed', body: { selector: { taskId: 't2' } } } as const;
    expectProblem(await send('POST /latch', outside), 403, 'forbidden');
  });

  it.each([
    ['no reason', undefined],
    ['an empty reason', { reason: '' }],
    ['a blank reason', { reason: ' \n' }],
    ['a selector', { reason, selector: {} }],
  ])('is not reset with %s', async (_, body) => {
    const { send } = openApp();
    await send('POST /latch');
    expectProblem(await send('DELETE /latch', { ...(body && { body }) }), 400, 'invalid_request');
    expect((await send('GET /latch')).json).toMatchObject({ engaged: true });
  });

  it('is neither told nor changed while the store does not answer', async () => {
    const { send, store } = openApp();
    store.faults.fail('read');
    for (const line of ['GET /latch', 'POST /latch', 'DELETE /latch']) {
      const answer = await send(line, line.startsWith('DELETE') ? { body: { reason } } : {});
      expectProblem(answer, 503, 'store_unavailable');
    }
  });
});
