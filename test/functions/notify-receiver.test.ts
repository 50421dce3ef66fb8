import { describe, expect, it } from 'vitest';
import { httpReceiver } from '../../functions/notify/receiver.js';
import { usualEvents } from '../../lib/notify/event.js';
import { openListener } from '../services/listener.js';

const event = {
  type: 'killswitch.latch.reset',
  timestamp: '2026-11-22T10:00:00.000Z',
  data: { operation: 'RESET_LATCH', phase: 'done', actor: 'alice' },
} as const;
const listener = await openListener();
const receiver = httpReceiver(
  { name: 'OPS', url: `${listener.url}/s3cret`, kind: 'mattermost', secrets: [], events: usualEvents },
  { fetch: globalThis.fetch, clock: { now: Date.now } },
);
const send = (signal = new AbortController().signal) => receiver.send({ id: 'msg_1', event }, signal);

describe('a receiver over HTTP', () => {
  it('gets JSON by POST', async () => {
    expect(await send()).toBeUndefined();
    expect(listener.got.at(-1)).toMatchObject({
      path: '/s3cret',
      headers: { 'content-type': 'application/json', 'user-agent': 'killswitch' },
      body: JSON.stringify({ text: '`Emergency stop reset`\n`by alice`' }),
    });
  });

  it.each([
    [400, true],
    [413, true],
    [422, true],
    [401, false],
    [404, false],
    [410, false],
    [429, false],
    [500, false],
    [503, false],
  ])('that answers %i has not taken it; whether it is the message itself: %s', async (status, refused) => {
    listener.answer((_, response) => void response.writeHead(status).end('no'));
    expect(await send()).toEqual({ problem: `it answered with status ${status}`, refused });
  });

  it('says how long it wants to be left alone, within reason', async () => {
    for (const [header, retryAfterMs] of [
      ['7', 7_000],
      ['99999', 600_000],
      ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    ] as const) {
      listener.answer((_, response) => void response.writeHead(429, { 'retry-after': header }).end());
      expect((await send())?.retryAfterMs).toBe(retryAfterMs);
    }
  });

  it('is not followed to another address', async () => {
    listener.answer(
      ({ path }, response) =>
        void response.writeHead(path === '/s3cret' ? 307 : 204, { location: '/other' }).end(),
    );
    expect(await send()).toMatchObject({ problem: 'it answered with status 307', refused: false });
    expect(listener.got.at(-1)?.path).toBe('/s3cret');
  });

  it('that answers without end is not read', async () => {
    listener.answer((_, response) => void response.writeHead(200).write('x'.repeat(10)));
    expect(await send()).toBeUndefined();
  });

  it('that says nothing is given up when the process ends', async () => {
    const closing = new AbortController();
    listener.answer(() => closing.abort());
    expect(await send(closing.signal)).toEqual({ problem: 'it cannot be reached' });
  });

  it('that is not there is named without its address', async () => {
    await listener.down();
    expect(await send()).toEqual({ problem: 'it cannot be reached' });
  });
});
