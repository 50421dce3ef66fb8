import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { renderers } from '../../functions/notify/render.js';
import type { Kind } from '../../functions/notify/settings.js';
import { type Event, eventOf, usualEvents } from '../../lib/notify/event.js';

const keys = [Buffer.alloc(32, 1), Buffer.alloc(24, 2)];
const secrets = keys.map(key => new Uint8Array(key));
const target = { name: 'OPS', url: 'https://x', kind: 'webhook', secrets, events: usualEvents } as const;
const killed: Event = {
  type: 'killswitch.activated',
  timestamp: '2026-11-22T10:00:00.000Z',
  data: {
    operation: 'KILL_AGENT',
    phase: 'accepted',
    actor: 'github:@here',
    agentId: 'a_1',
    taskId: '<!channel>',
    reason: 'see https://evil.example\n**Stop accepted**: every agent',
  },
};
const rendered = async (kind: Kind, event = killed) => {
  const { headers, body } = await renderers[kind]({ id: 'msg_1', event }, target, Date.now());
  return { headers, body, json: JSON.parse(body) };
};

describe('a webhook', () => {
  it('is signed so that the official library takes it, with each of the secrets', async () => {
    const { headers, body } = await rendered('webhook');
    for (const key of keys) {
      expect(new Webhook(key.toString('base64')).verify(body, { ...headers })).toEqual(killed);
    }
    const stranger = new Webhook(Buffer.alloc(32, 9).toString('base64'));
    expect(() => stranger.verify(body, { ...headers })).toThrow('No matching signature');
    expect(() => new Webhook(`${keys[0]?.toString('base64')}`).verify(`${body} `, { ...headers })).toThrow();
  });

  it('carries the time of the attempt, since nothing old is taken', async () => {
    const at = Date.UTC(2026, 0, 1);
    const { headers } = await renderers.webhook({ id: 'msg_1', event: killed }, target, at + 999);
    expect(headers).toMatchObject({ 'webhook-id': 'msg_1', 'webhook-timestamp': `${at / 1000}` });
  });
});

describe('a message to a chat', () => {
  it.each(['slack', 'discord', 'mattermost'] as const)(
    'to %s mentions no one, links nowhere and forges no line',
    async kind => {
      const { json } = await rendered(kind);
      const text: string = json.text ?? json.content;
      expect(text.split('\n')).toHaveLength(2);
      if (kind === 'mattermost') expect(text).toMatch(/^`[^`]*`\n`[^`]*`$/);
      else expect(text).not.toMatch(/(?<!\\)@here|(?<!\\)<!channel>|https:\/\//);
      if (kind === 'discord') expect(text).not.toMatch(/(?<!\\)\*/);
      const words = text.replace(/[\\`\u200b]/g, '');
      expect(words).toMatch(/^Stop accepted: a_1 \(task/);
      expect(words).toContain('because: see https');
    },
  );

  it('switches off what the platform would make of it besides', async () => {
    const slack = (await rendered('slack')).json;
    expect(slack).toMatchObject({ mrkdwn: false, parse: 'none', unfurl_links: false });
    const text = { type: 'plain_text', text: slack.text, emoji: false };
    expect(slack.blocks).toEqual([{ type: 'section', text }]);
    expect((await rendered('discord')).json).toMatchObject({ allowed_mentions: { parse: [] }, flags: 4 });
    expect(Object.keys((await rendered('mattermost')).json)).toEqual(['text']);
  });

  const lines = async (entry: Omit<Parameters<typeof eventOf>[0], 'timestamp' | 'actor'>) => {
    const event = eventOf({ timestamp: killed.timestamp, actor: 'alice', ...entry });
    if (!event) throw new Error('no event');
    return ((await rendered('slack', event)).json.text as string).replaceAll('\u200b', '').split('\n');
  };

  it('says of a kill-all how many of how many, and the first of what went wrong', async () => {
    const errors = Array.from({ length: 8 }, (_, n) => `a${n}: container failed`);
    expect(
      await lines({ operation: 'KILL_ALL_AGENTS', phase: 'unconfirmed', total: 10, killed: 2, errors }),
    ).toEqual(['Stop NOT confirmed: 2 of 10 agents', 'by alice', ...errors.slice(0, 5), 'and 3 more']);
  });

  it.each([
    [{}, 'every agent'],
    [{ agentIds: ['a1', 'a2'] }, 'the agents with ID a1 or a2'],
    [
      { taskId: 't', host: 'h', status: ['running'], labels: { team: 'core' } },
      'the agents with task t, host h, status running, label team=core',
    ],
  ] as const)('says of the latch whom it holds: %j', async (selector, words) => {
    const order = { operation: 'ENGAGE_LATCH', phase: 'done' } as const;
    expect(await lines({ ...order, selector: structuredClone(selector) as object })).toEqual([
      `Emergency stop engaged: ${words}`,
      'by alice',
    ]);
  });

  it('says that there may be more agents than an event lists', async () => {
    const agentIds = Array.from({ length: 30 }, (_, n) => `a${n}`);
    const [headline] = await lines({ operation: 'ENGAGE_LATCH', phase: 'done', selector: { agentIds } });
    expect(headline).toMatch(/: the agents with ID a0 or a1 or .* or a19 or possibly others$/);
  });

  it('says of an agent what is owed and what was refused', async () => {
    const outcomes = [
      { layer: 'container', outcome: 'removed' },
      { layer: 'process', outcome: 'refused', detail: 'another agent’s' },
      { layer: 'worktree', outcome: 'failed' },
    ] as const;
    expect(await lines({ operation: 'KILL_AGENT', phase: 'unconfirmed', agentId: 'a1', outcomes })).toEqual([
      'Stop NOT confirmed: a1',
      'by alice',
      'process refused: another agent’s',
      'worktree failed',
    ]);
  });

  it('says that something died only of what was seen', async () => {
    const settled = { operation: 'KILL_AGENT', phase: 'settled', agentId: 'a1' } as const;
    const headline = async (outcome: 'removed' | 'skipped') =>
      (await lines({ ...settled, outcomes: [{ layer: 'container', outcome }] }))[0];
    expect(await headline('removed')).toBe('Killed, and nothing is left to do: a1');
    expect(await headline('skipped')).toBe('Marked killed; nothing of it was seen running: a1');
  });

  it('fits into what the platform takes, by whole lines and whole characters', async () => {
    const long = '*😀'.repeat(3_000);
    const { json } = await rendered('discord', {
      ...killed,
      type: 'killswitch.unverified',
      data: { ...killed.data, reason: long, errors: Array.from({ length: 20 }, () => long) },
    });
    expect(json.content.length).toBeLessThanOrEqual(2_000);
    expect(json.content.isWellFormed?.() ?? true).toBe(true);
    expect(json.content.split('\n').length).toBeGreaterThan(3);
  });
});
