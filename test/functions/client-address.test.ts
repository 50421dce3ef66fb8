import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSources } from '../../functions/http/client-address.js';
import { openApp, openWithAgent } from './bench.js';
import { discord, mattermost, openChat, slack } from './chatops-bench.js';
import { openHooks } from './hooks-bench.js';
import { platforms } from './hooks-platforms.js';

const sourceOf = openSources(['10.0.0.1', '192.168.0.0/16', 'fd00::/8', '2001:DB8::0:1']);

describe('the address of a request', () => {
  it.each([
    ["is its peer's", '203.0.113.7', '', '203.0.113.7'],
    [
      "is its peer's, whatever it says, where that is no trusted proxy",
      '203.0.113.7',
      '1.1.1.1',
      '203.0.113.7',
    ],
    ['is the hop before a trusted proxy', '10.0.0.1', '1.1.1.1', '1.1.1.1'],
    [
      'is the right-most hop that is no trusted proxy',
      '10.0.0.1',
      '6.6.6.6, 1.1.1.1, 192.168.3.4',
      '1.1.1.1',
    ],
    ['is the left-most hop where all are trusted', '10.0.0.1', '192.168.1.1, 192.168.3.4', '192.168.1.1'],
    ["is the trusted proxy's where it says nothing", '10.0.0.1', '', '10.0.0.1'],
    ['stops at a hop that is no address', '10.0.0.1', '1.1.1.1, unknown, 192.168.3.4', '192.168.3.4'],
    ['stops at an empty hop', '10.0.0.1', '1.1.1.1,', '10.0.0.1'],
    ['is read with the port of a hop', '10.0.0.1', '1.1.1.1:4711', '1.1.1.1'],
    ['is read with the brackets and the port of a hop', '10.0.0.1', '[2001:db8::2]:4711', '2001:db8::2'],
    ['knows a mapped proxy for what it is', '::ffff:10.0.0.1', '::ffff:1.1.1.1', '1.1.1.1'],
    ['knows a proxy of IPv6 in whichever spelling', '2001:db8:0::1', '2001:0db8:0:0::2', '2001:db8::2'],
    ['knows a block of IPv6', 'fd12::9', '1.1.1.1', '1.1.1.1'],
  ])('%s', (_, address, forwarded, source) => {
    expect(sourceOf({ address, forwarded })).toBe(source);
  });

  it('is not known of a peer that has gone', () => {
    expect(sourceOf({ address: undefined, forwarded: '1.1.1.1' })).toBeUndefined();
  });

  it('is not changed by what the client writes before the hop that the proxy adds', () => {
    const hop = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string(),
      fc.constant('10.0.0.1'),
      fc.constant('192.168.1.1'),
    );
    fc.assert(
      fc.property(fc.array(hop), written => {
        const forwarded = [...written, '203.0.113.9'].join(', ');
        expect(sourceOf({ address: '10.0.0.1', forwarded })).toBe('203.0.113.9');
        expect(sourceOf({ address: '203.0.113.8', forwarded })).toBe('203.0.113.8');
      }),
    );
  });
});

describe('the audit', () => {
  const sourceOf = () => '203.0.113.7';

  it('tells where what was asked was asked from, to the end', async () => {
    const { send, agent, store } = openApp({ sourceOf });
    await agent('a1');
    await agent('a2');
    for (const line of [
      'POST /agents/a1/kill',
      'POST /agents/kill-all',
      'POST /latch',
      'POST /agents/nobody/kill',
    ]) {
      await send(line, { body: {} });
    }
    await send('DELETE /latch', { body: { reason: 'over' } });
    await send('PUT /agents/a3', { body: { status: 'spawning' } });
    await send('PATCH /agents/a3', { body: { status: 'running' } });
    expect((await send('DELETE /latch', { token: 'reader', body: { reason: 'x' } })).status).toBe(403);
    await expect.poll(() => store.memory.audit.map(({ operation }) => operation)).toContain('ACCESS_DENIED');
    expect(new Set(store.memory.audit.map(({ operation, phase }) => `${operation} ${phase}`))).toEqual(
      new Set([
        ...[
          'KILL_AGENT accepted',
          'KILL_AGENT settled',
          'KILL_ALL_AGENTS accepted',
          'KILL_ALL_AGENTS settled',
        ],
        ...['ENGAGE_LATCH done', 'RESET_LATCH done', 'REGISTER_AGENT done', 'TRANSITION_AGENT done'],
        'ACCESS_DENIED refused',
      ]),
    );
    expect(new Set(store.memory.audit.map(({ source }) => source))).toEqual(new Set(['203.0.113.7']));
  });

  it.each(platforms)('tells where a delivery of $source came from', async platform => {
    const { deliver, now, store } = await openHooks(platform, {}, { sourceOf });
    expect((await deliver(platform.event('a1', now))).status).toBe(200);
    expect(store.memory.audit.map(({ source }) => source)).toEqual(['203.0.113.7', '203.0.113.7']);
  });

  it.each([
    ['Slack', slack],
    ['Mattermost', mattermost],
  ])('tells where an order from %s came from', async (_, say) => {
    const chat = await openChat({ sourceOf });
    await chat.agent('a1');
    await say(chat, 'kill a1');
    await chat.settle();
    expect(chat.store.memory.audit.map(({ source }) => source)).toEqual(['203.0.113.7', '203.0.113.7']);
  });

  it('tells where an order from Discord came from', async () => {
    const chat = await openChat({ sourceOf });
    await chat.agent('a1');
    await discord(chat, 'kill', { id: 'a1' });
    await chat.settle();
    expect(chat.store.memory.audit.map(({ source }) => source)).toEqual(['203.0.113.7', '203.0.113.7']);
  });

  it('says nothing of it where no one knows', async () => {
    const { send, store } = await openWithAgent();
    await send('POST /agents/a1/kill');
    for (const entry of store.memory.audit) expect(entry).not.toHaveProperty('source');
  });
});
