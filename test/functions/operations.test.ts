import { describe, expect, it } from 'vitest';
import { KillswitchError } from '../../lib/domain/errors.js';
import { expectProblem, openApp } from './bench.js';

/** The events of a stream that has ended. */
const eventsOf = (text: string): { event: string; data: Record<string, unknown> }[] =>
  text
    .split('\n\n')
    .filter(block => block.startsWith('event: '))
    .map(block => {
      const [event = '', data = ''] = block.split('\n');
      return { event: event.slice('event: '.length), data: JSON.parse(data.slice('data: '.length)) };
    });

describe('GET /operations/:operationId', () => {
  it('tells how a command ended, and not how it is written down', async () => {
    const { send, agent } = openApp();
    await agent('a1');
    const { json: receipt } = await send('POST /agents/kill-all', { body: { reason: 'it spreads' } });
    const { status, json } = await send(`GET /operations/${receipt.operationId}`);
    expect(status).toBe(200);
    expect(json).toEqual({
      operationId: receipt.operationId,
      state: 'ended',
      type: 'kill-all',
      requestedAt: '2026-11-22T10:00:00.000Z',
      requestedBy: 'alice',
      reason: 'it spreads',
      receipt,
    });
  });

  it('tells what is known while the command runs', async () => {
    const { send, agent, containers } = openApp();
    await agent('a1');
    containers.inject('kill', 'late');
    const killing = send('POST /agents/a1/kill', { headers: { 'x-request-id': 'req-1' } });
    await expect.poll(() => containers.calls.length).toBe(1);
    const { json } = await send('GET /operations/id-1');
    expect(json).toMatchObject({ state: 'running', type: 'kill', receipt: { total: 1, verified: false } });
    expect(json).not.toHaveProperty('intent');
    containers.release();
    await killing;
    expect((await send('GET /operations/id-1')).json).toMatchObject({ state: 'ended' });
  });

  it('does not know a command that was refused', async () => {
    const { send } = openApp();
    expect((await send('POST /agents/a1/kill', { headers: { 'x-request-id': 'r' } })).status).toBe(404);
    expectProblem(await send('GET /operations/id-1'), 404, 'operation_not_found');
  });

  it.each(['', '/events'])(
    'refuses those who may not see all agents, and unknown operations, on %s',
    async rest => {
      const { send } = openApp();
      expectProblem(await send(`GET /operations/x${rest}`, { token: null }), 401, 'unauthenticated');
      expectProblem(await send(`GET /operations/x${rest}`, { token: 'killer' }), 403, 'forbidden');
      expectProblem(await send(`GET /operations/x${rest}`, { token: 'narrowed' }), 403, 'forbidden');
      expectProblem(await send(`GET /operations/x${rest}`), 404, 'operation_not_found');
      expectProblem(await send(`GET /operations/a%00b${rest}`), 404, 'not_found');
    },
  );
});

describe('GET /operations/:operationId/events', () => {
  it('tells progress as it is made, then the end, and closes', async () => {
    const { app, send, agent, containers } = openApp();
    await agent('a1');
    containers.inject('kill', 'late');
    const killing = send('POST /agents/a1/kill', { headers: { 'x-request-id': 'r' } });
    await expect.poll(() => containers.calls.length).toBe(1);
    const headers = { authorization: 'Bearer all', 'x-request-id': 'r' };
    const followed = await app.request('/operations/id-1/events', { headers });
    expect(followed.headers.get('content-type')).toContain('text/event-stream');
    let text = '';
    for await (const chunk of followed.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      if (text === '') containers.release();
      text += chunk;
    }
    const { json: receipt } = await killing;
    const events = eventsOf(text);
    expect(events[0]).toMatchObject({ event: 'progress', data: { state: 'running' } });
    expect(events.at(-1)).toMatchObject({
      event: 'ended',
      data: { state: 'ended', receipt: { verified: true, operationId: receipt.operationId } },
    });
    expect(text).not.toContain('intent');
    const data = events.map(one => JSON.stringify(one.data));
    expect(new Set(data).size).toBe(data.length);
  });

  it('goes on when the store fails in the middle of it', async () => {
    const { send, agent, store } = openApp();
    await agent('a1');
    await send('POST /agents/a1/kill', { headers: { 'x-request-id': 'r' } });
    let reads = 0;
    store.faults.lie('read', truth => {
      if (++reads === 2) throw new KillswitchError('store_unavailable');
      return truth();
    });
    const { text } = await send('GET /operations/id-1/events');
    expect(eventsOf(text)).toMatchObject([{ event: 'ended' }]);
    expect(reads).toBe(3);
  });

  it('says now and then that it is still there, and ends after ten minutes', async () => {
    const { send, agent, containers, clock } = openApp();
    await agent('a1');
    containers.inject('kill', 'late');
    const killing = send('POST /agents/a1/kill', { headers: { 'x-request-id': 'r' } });
    await expect.poll(() => containers.calls.length).toBe(1);
    const passing = setInterval(() => clock.advance(15_000), 10);
    const { text } = await send('GET /operations/id-1/events').finally(() => clearInterval(passing));
    expect(text).toContain('\n\n: still there\n\n');
    expect(eventsOf(text)).toMatchObject([{ event: 'progress' }]);
    containers.release();
    await killing;
  });

  it('ends with the process, and with its reader, while the command goes on', async () => {
    const { app, send, agent, containers, closing, deps } = openApp();
    await agent('a1');
    containers.inject('kill', 'late');
    const killing = send('POST /agents/a1/kill', { headers: { 'x-request-id': 'r' } });
    await expect.poll(() => containers.calls.length).toBe(1);
    const headers = { authorization: 'Bearer all' };
    const gone = await app.request('/operations/id-1/events', { headers });
    await gone.body?.cancel();
    const staying = await app.request('/operations/id-1/events', { headers });
    closing.abort();
    expect(eventsOf(await staying.text())).toMatchObject([{ event: 'progress' }]);
    expect(deps.stop.isRunning('id-1')).toBe(true);
    containers.release();
    expect((await killing).status).toBe(200);
  });
});
