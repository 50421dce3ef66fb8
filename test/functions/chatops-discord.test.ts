import { generateKeyPairSync } from 'node:crypto';
import { verifyKey } from 'discord-interactions';
import { describe, expect, it } from 'vitest';
import {
  DISCORD_KEY,
  discord,
  discordHeaders,
  discordInteraction,
  discordPress,
  type Headed,
  openChat,
} from './chatops-bench.js';

const PING = JSON.stringify({ type: 1, id: '1', application_id: '777' });
const NOW = 1_800_000_000;
const at = { clock: { now: () => NOW * 1000 } };

describe('a request of Discord', () => {
  const good = discordHeaders(PING, NOW);
  const signature = `${good['x-signature-ed25519']}`;
  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([one]) => one !== name));
  const twice = (name: string) => [...Object.entries(good), [name, `${good[name]}`]] as [string, string][];
  const stranger = generateKeyPairSync('ed25519').privateKey;

  it.each<[string, Headed, number]>([
    ['a good signature', good, 200],
    ['a good signature in capitals', { ...good, 'x-signature-ed25519': signature.toUpperCase() }, 200],
    ['one as old as may be', discordHeaders(PING, NOW - 300), 200],
    ['one of a clock as far ahead as may be', discordHeaders(PING, NOW + 300), 200],
    ['the wrong key', discordHeaders(PING, NOW, stranger), 401],
    ['the signature of another body', discordHeaders(`${PING} `, NOW), 401],
    ['a stale timestamp', discordHeaders(PING, NOW - 301), 401],
    ['a timestamp of the future', discordHeaders(PING, NOW + 301), 401],
    ['another timestamp than was signed', { ...good, 'x-signature-timestamp': `${NOW - 1}` }, 401],
    ['no timestamp', without('x-signature-timestamp'), 401],
    ['no signature', without('x-signature-ed25519'), 401],
    ['an empty signature', { ...good, 'x-signature-ed25519': '' }, 401],
    ['a short signature', { ...good, 'x-signature-ed25519': signature.slice(2) }, 401],
    ['two signatures', twice('x-signature-ed25519'), 401],
    ['two timestamps', twice('x-signature-timestamp'), 401],
  ])('with %s is answered as it deserves', async (_, headers, status) => {
    const { post } = await openChat(at);
    const answer = await post('discord', PING, headers);
    expect([answer.status, answer.message.type]).toEqual([status, status === 200 ? 1 : expect.any(String)]);
  });

  it('is one that the library of the platform accepts, too', async () => {
    const { post } = await openChat(at);
    for (const key of [undefined, stranger]) {
      const headers = discordHeaders(PING, NOW, key);
      const valid = await verifyKey(PING, `${headers['x-signature-ed25519']}`, `${NOW}`, DISCORD_KEY);
      expect((await post('discord', PING, headers)).status === 200).toBe(valid);
    }
  });

  it.each([
    ['no JSON', 'x'],
    ['of an unknown type', discordInteraction({ type: 9 })],
    ['for an application that is no ID', discordInteraction({ type: 2, application_id: '../1' })],
  ])('is not valid when it is %s', async (_, body) => {
    const { post, expectUntouched } = await openChat(at);
    expect((await post('discord', body, discordHeaders(body, NOW))).status).toBe(400);
    expectUntouched();
  });
});

describe('/killswitch in Discord', () => {
  it('stops one agent at once, says so, and updates that message to what was seen', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { message } = await discord(chat, 'kill', { id: 'a1', reason: 'it deletes  things' });
    expect(message).toEqual({
      type: 4,
      data: {
        content: '**Stopping a1 …**\nasked by alice \\(11\\)\\: it deletes things',
        embeds: [],
        components: [],
        allowed_mentions: { parse: [] },
      },
    });
    await chat.settle();
    expect(await isAlive()).toBe(false);
    expect(chat.posted).toMatchObject([
      { method: 'PATCH', path: '/api/v10/webhooks/777/interaction-token/messages/@original' },
    ]);
    expect(chat.posted[0]?.message.content).toMatch(
      /^\*\*a1 is killed\\: it was seen dead\*\*\na1\\: dead; container dead after/,
    );
    expect(await chat.record('a1')).toMatchObject({
      kill: { requestedBy: 'discord:33:11', reason: 'it deletes things' },
    });
  });

  it('stops one whose answer could be edited nowhere', async () => {
    const chat = await openChat(at);
    const { isAlive } = await chat.agent('a1');
    const options = [{ type: 1, name: 'kill', options: [{ type: 3, name: 'id', value: 'a1' }] }];
    const data = { type: 1, name: 'killswitch', options };
    const body = discordInteraction({ type: 2, token: '\ud800', data });
    expect((await chat.post('discord', body, discordHeaders(body, NOW))).status).toBe(200);
    await chat.settle();
    expect(await isAlive()).toBe(false);
  });

  it('lets in by role, and tells others what they lack', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { message } = await discord(chat, 'kill', { id: 'a1' }, '12', ['54']);
    expect(message).toMatchObject({ type: 4, data: { flags: 64 } });
    expect(message.data.content).toContain('agents\\:kill');
    await chat.settle();
    expect(await isAlive()).toBe(true);
    await discord(chat, 'kill', { id: 'a1' }, '12', ['54', '55']);
    await chat.settle();
    expect(await isAlive()).toBe(false);
  });

  it('keeps the order of a stop for all in the message, and carries it out by a press', async () => {
    const chat = await openChat();
    const agents = [await chat.agent('a1'), await chat.agent('a2', { members: { taskId: 't2' } })];
    const { message } = await discord(chat, 'all', { selector: 'task=t2', reason: 'naïve 東' });
    const [button] = message.data.components[0].components;
    expect(button).toMatchObject({ type: 2, style: 4, label: 'Stop 1 agent' });
    expect(button.custom_id.length).toBeLessThanOrEqual(100);
    expect(JSON.parse(message.data.embeds[0].footer.text)).toEqual({
      verb: 'all',
      selector: { taskId: 't2' },
      reason: 'naïve 東',
      asker: 'discord:33:11',
    });

    const refused = await discordPress(chat, message.data, '12');
    expect(refused.message).toMatchObject({ type: 4, data: { flags: 64 } });
    await chat.settle();
    chat.expectUntouched();

    const pressed = await discordPress(chat, message.data);
    expect(pressed.message).toMatchObject({ type: 7, data: { components: [], embeds: [] } });
    await chat.settle();
    expect(await Promise.all(agents.map(one => one.isAlive()))).toEqual([true, false]);
    expect(chat.posted.at(-1)?.message.content).toContain('1 agent killed');
    expect(await chat.record('a2')).toMatchObject({ kill: { reason: 'naïve 東' } });
  });

  it('stops no agent by a message that was changed, nor by one that is too old', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { data } = (await discord(chat, 'all', { selector: 'task=t9' })).message;
    const footer = { text: data.embeds[0].footer.text.replace('t9', 't1') };
    for (const embeds of [[{ footer }], [{}], []]) {
      const { message } = await discordPress(chat, { ...data, embeds });
      expect(message).toMatchObject({
        type: 4,
        data: { flags: 64, content: expect.stringContaining('not made by this server') },
      });
    }
    chat.clock.advance(60_000);
    const late = await discordPress(chat, data);
    expect(late.message).toMatchObject({
      type: 7,
      data: { components: [], content: expect.stringContaining('expired') },
    });
    await chat.settle();
    expect(await isAlive()).toBe(true);
  });

  it.each<[string, Record<string, string>, string]>([
    ['all', { selector: 'core' }, 'core is not part of a selector'],
    ['latch', { selector: 'task=t1 core' }, 'core is not part of a selector'],
    ['all', { selector: 'team=core' }, 'team\\=core is not part of a selector'],
    ['kill', { id: 'a1 a2' }, 'a1 a2 is not an agent ID'],
    ['kill', {}, 'nothing is not an agent ID'],
  ])('takes no word of one option for another: %s %j', async (name, given, problem) => {
    const chat = await openChat();
    await chat.agent('a1');
    const { message } = await discord(chat, name, given);
    expect(message.data.content).toContain(problem);
    await chat.settle();
    chat.expectUntouched();
  });

  it('says so when the order does not fit into a message', async () => {
    const chat = await openChat();
    const { message } = await discord(chat, 'all', { reason: '東'.repeat(1000) });
    expect(message.data).toMatchObject({
      components: [],
      content: expect.stringContaining('too long for a button'),
    });
  });

  it('is served to the servers that are named alone', async () => {
    const chat = await openChat({ settings: { KILLSWITCH_DISCORD_GUILDS: '34' } });
    const { message } = await discord(chat, 'status');
    expect(message.data.content).toContain('this server is not served here');
  });

  it('updates again when the message is not there yet', async () => {
    const chat = await openChat({ statuses: [404, 404] });
    await chat.agent('a1');
    await discord(chat, 'kill', { id: 'a1' });
    await chat.settle();
    expect(chat.posted).toHaveLength(3);
  });
});
