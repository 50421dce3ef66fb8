import { verifySlackRequest } from 'slack-edge';
import { describe, expect, it } from 'vitest';
import {
  type Chat,
  type Headed,
  openChat,
  SLACK_SECRET,
  slack,
  slackForm,
  slackHeaders,
  slackPress,
  slackPressForm,
} from './chatops-bench.js';

/** What Slack's documentation signs, to the letter. */
const VECTOR = {
  timestamp: 1531420618,
  signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
};
const at = (seconds: number) => ({ clock: { now: () => seconds * 1000 } });

describe('a request of Slack', () => {
  it('is accepted with the signature of the documentation, and with no other byte', async () => {
    const { post } = await openChat(at(VECTOR.timestamp));
    const headers = slackHeaders(VECTOR.body, VECTOR.timestamp);
    expect(headers['x-slack-signature']).toBe(VECTOR.signature);
    const { status, message } = await post('slack', VECTOR.body, headers);
    expect([status, message.text]).toEqual([200, 'Commands of killswitch']);
    expect((await post('slack', `${VECTOR.body}&`, headers)).status).toBe(401);
  });

  const body = slackForm('status');
  const NOW = 1_800_000_000;
  const good = slackHeaders(body, NOW);
  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([one]) => one !== name));
  const twice = (name: string) => [...Object.entries(good), [name, `${good[name]}`]] as [string, string][];

  it.each<[string, Headed, number]>([
    ['a good signature', good, 200],
    ['one as old as may be', slackHeaders(body, NOW - 300), 200],
    ['one of a clock as far ahead as may be', slackHeaders(body, NOW + 300), 200],
    ['the wrong secret', slackHeaders(body, NOW, 'another secret of the app'), 401],
    ['the signature of another body', slackHeaders(`${body}x`, NOW), 401],
    ['a stale timestamp', slackHeaders(body, NOW - 301), 401],
    ['a timestamp of the future', slackHeaders(body, NOW + 301), 401],
    ['a timestamp with more behind it', slackHeaders(body, `${NOW}junk`), 401],
    ['another timestamp than was signed', { ...good, 'x-slack-request-timestamp': `${NOW - 1}` }, 401],
    ['no timestamp', without('x-slack-request-timestamp'), 401],
    ['no signature', without('x-slack-signature'), 401],
    ['an empty signature', { ...good, 'x-slack-signature': '' }, 401],
    ['a signature of no bytes', { ...good, 'x-slack-signature': 'v0=' }, 401],
    ['a short signature', { ...good, 'x-slack-signature': `${good['x-slack-signature']}`.slice(0, -2) }, 401],
    [
      'a signature of another version',
      { ...good, 'x-slack-signature': `${good['x-slack-signature']}`.replace('v0', 'v1') },
      401,
    ],
    ['two signatures', twice('x-slack-signature'), 401],
    ['two timestamps', twice('x-slack-request-timestamp'), 401],
  ])('with %s is answered as it deserves', async (_, headers, status) => {
    const { post, expectUntouched } = await openChat(at(NOW));
    expect((await post('slack', body, headers)).status).toBe(status);
    expectUntouched();
  });

  it('is one that the library of others accepts, too', async () => {
    const now = Math.floor(Date.now() / 1000);
    const { post } = await openChat(at(now));
    for (const secret of [SLACK_SECRET, 'another secret of the app']) {
      const headers = slackHeaders(body, now, secret);
      const { status } = await post('slack', body, headers);
      expect(status === 200).toBe(await verifySlackRequest(SLACK_SECRET, new Headers(headers), body));
    }
  });

  it('that only looks at the certificate gets nothing, signed or not', async () => {
    const { post, expectUntouched } = await openChat();
    const asked = await post('slack', 'ssl_check=1&token=x&command=%2Fkillswitch&text=kill+a1', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect([asked.status, asked.text]).toEqual([200, '']);
    expectUntouched();
  });

  it('that proves the URL gets its challenge back, if it is signed', async () => {
    const { post, now } = await openChat();
    const json = JSON.stringify({ type: 'url_verification', challenge: 'abc', token: 'x' });
    const headers = { ...slackHeaders(json, now()), 'content-type': 'application/json' };
    expect((await post('slack', json, headers)).message).toEqual({ challenge: 'abc' });
    expect((await post('slack', json, { 'content-type': 'application/json' })).status).toBe(401);
  });

  it('finds no such platform where it is not set up', async () => {
    const { post } = await openChat({
      settings: {
        KILLSWITCH_SLACK_SIGNING_SECRET: '',
        KILLSWITCH_SLACK_ALLOW: '',
        KILLSWITCH_SLACK_RESPONSE_ORIGIN: '',
      },
    });
    expect((await post('slack', body, good)).status).toBe(404);
    expect((await post('toString', body, good)).status).toBe(404);
  });
});

describe('/killswitch in Slack', () => {
  it('stops one agent at once, says so, and tells in the end what was seen', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { status, message } = await slack(chat, 'kill a1 it deletes things');
    expect(status).toBe(200);
    expect(message).toEqual({
      response_type: 'in_channel',
      text: 'Stopping a1 …',
      mrkdwn: false,
      parse: 'none',
      link_names: false,
      unfurl_links: false,
      unfurl_media: false,
      blocks: [
        { type: 'section', text: { type: 'plain_text', text: 'Stopping a1 …', emoji: false } },
        {
          type: 'section',
          text: { type: 'plain_text', text: 'asked by alice (U1): it deletes things', emoji: false },
        },
      ],
    });
    await chat.settle();
    expect(await isAlive()).toBe(false);
    expect(chat.posted).toMatchObject([
      {
        method: 'POST',
        path: '/commands/T1/1/x',
        message: {
          replace_original: true,
          response_type: 'in_channel',
          text: 'a1 is killed: it was seen dead',
        },
      },
    ]);
    expect(chat.posted[0]?.message.blocks[1].text.text).toMatch(
      /^a1: dead; container dead after \d+ ms, removed after \d+ ms; worktree moved after \d+ ms to the quarantine\nasked by alice/,
    );
    expect(await chat.record('a1')).toMatchObject({
      kill: { requestedBy: 'slack:T1:U1', reason: 'it deletes things' },
    });
  });

  it('is carried out once, however often the same request comes', async () => {
    const chat = await openChat();
    await chat.agent('a1');
    await slack(chat, 'kill a1');
    await chat.settle();
    await slack(chat, 'kill a1');
    await chat.settle();
    expect(chat.posted.map(({ message }) => message.text)).toEqual([
      'a1 is killed: it was seen dead',
      'a1 is killed: it was seen dead',
    ]);
    expect(chat.containers.calls.filter(({ method }) => method === 'kill')).toHaveLength(1);
  });

  it('asks before it stops all, with a button that is good for who may press it', async () => {
    const chat = await openChat();
    const agents = [await chat.agent('a1'), await chat.agent('a2', { members: { taskId: 't2' } })];
    const { message } = await slack(chat, 'all task=t2 too slow');
    expect(message).toMatchObject({
      response_type: 'in_channel',
      text: 'Stop the agents with task t2?',
      blocks: [
        {},
        {
          text: {
            text: 'Right now: 1 agent.\nasked by alice (U1): too slow\nThe button works for 60 seconds.',
          },
        },
        {
          type: 'actions',
          elements: [
            { type: 'button', style: 'danger', text: { text: 'Stop 1 agent' }, value: expect.any(String) },
          ],
        },
      ],
    });
    chat.expectUntouched();

    await slackPress(chat, message, 'U2');
    await chat.settle();
    expect(chat.posted.pop()?.message).toMatchObject({
      response_type: 'ephemeral',
      replace_original: false,
      text: 'Nothing was done: you may not do this here',
    });

    const pressed = await slackPress(chat, message, 'U3');
    expect([pressed.status, pressed.text]).toEqual([200, '']);
    await chat.settle();
    expect(
      chat.posted.map(({ path, message: { replace_original, text, blocks } }) => [
        path,
        replace_original,
        text,
        blocks.length,
      ]),
    ).toEqual([
      ['/actions/T1/1/x', true, 'Stopping the agents with task t2 …', 2],
      ['/actions/T1/1/x', true, '1 agent killed: all were seen dead', 2],
    ]);
    expect(await Promise.all(agents.map(one => one.isAlive()))).toEqual([true, false]);
    expect(await chat.record('a2')).toMatchObject({
      kill: { requestedBy: 'slack:T1:U3', reason: 'too slow' },
    });
  });

  it('does the same operation for a second press', async () => {
    const chat = await openChat();
    await chat.agent('a1');
    const { message } = await slack(chat, 'all');
    await Promise.all([slackPress(chat, message), slackPress(chat, message)]);
    await chat.settle();
    const ended = chat.posted.filter(({ message: { text } }) => text.includes('killed'));
    expect(ended.map(({ message: { text } }) => text)).toEqual([
      '1 agent killed: all were seen dead',
      '1 agent killed: all were seen dead',
    ]);
    const bulk = chat.store.memory.audit.filter(({ operation }) => operation === 'KILL_ALL_AGENTS');
    expect(new Set(bulk.map(({ operationId }) => operationId)).size).toBe(1);
  });

  it('stops no agent by a press that comes too late, and takes the button away', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { message } = await slack(chat, 'all');
    chat.clock.advance(60_000);
    await slackPress(chat, message);
    await chat.settle();
    expect(chat.posted).toMatchObject([
      { message: { replace_original: true, text: 'Nothing was stopped: the button has expired' } },
    ]);
    expect(JSON.stringify(chat.posted)).not.toContain('"button"');
    expect(await isAlive()).toBe(true);
  });

  it('stops no agent by a button whose value was changed', async () => {
    const chat = await openChat();
    await chat.agent('a1');
    const { message } = await slack(chat, 'all task=t9');
    const other = (await slack(chat, 'all task=t1')).message;
    const [button] = message.blocks.at(-1).elements;
    const [foreign] = other.blocks.at(-1).elements;
    const stub = button.value.slice(0, button.value.lastIndexOf('.'));
    button.value = stub + foreign.value.slice(foreign.value.lastIndexOf('.'));
    await slackPress(chat, message);
    await chat.settle();
    expect(chat.posted).toMatchObject([
      { message: { response_type: 'ephemeral', text: expect.stringContaining('not made by this server') } },
    ]);
    chat.expectUntouched();
  });

  it('says so when the order does not fit into a button', async () => {
    const chat = await openChat();
    const { message } = await slack(chat, `all ${'東'.repeat(900)}`);
    expect(message.blocks[1].text.text).toContain('too long for a button in Slack');
    expect(message.blocks).toHaveLength(2);
  });

  it('engages the emergency stop once for one request, though it is sent again after a reset', async () => {
    const chat = await openChat();
    const body = slackForm('latch task=t1 it spreads', { response_url: `${chat.url}/commands/T1/1/x` });
    const headers = slackHeaders(body, chat.now());
    await chat.post('slack', body, headers);
    await chat.settle();
    expect((await chat.send('GET /latch')).json).toMatchObject({ engaged: true, reason: 'it spreads' });
    await chat.send('DELETE /latch', { body: { reason: 'over' } });
    await chat.post('slack', body, headers);
    await chat.settle();
    expect((await chat.send('GET /latch')).json).toEqual({ engaged: false });
  });

  it.each([
    ['a member of another workspace', 'T9', undefined, false],
    ['a member of another workspace, where others are named', 'T9', 'T1,T7', false],
    ['a member of another workspace that is named', 'T7', 'T1,T7', true],
    ['a member of this workspace', 'T1', undefined, true],
  ])('hears in a shared channel a press by %s: %s', async (_, home, teams, isHeard) => {
    const settings = teams === undefined ? {} : { KILLSWITCH_SLACK_TEAMS: teams };
    const chat = await openChat({ settings });
    const { isAlive } = await chat.agent('a1');
    const { message } = await slack(chat, 'all');
    const form = new URLSearchParams(slackPressForm(chat.url, message));
    const payload = JSON.parse(form.get('payload') ?? '');
    payload.user.team_id = home;
    form.set('payload', JSON.stringify(payload));
    const body = form.toString();
    await chat.post('slack', body, slackHeaders(body, chat.now()));
    await chat.settle();
    expect(await isAlive()).toBe(!isHeard);
    if (!isHeard) expect(JSON.stringify(chat.posted)).toContain('your workspace is not served here');
  });

  it('is served to the workspaces that are named alone', async () => {
    const chat = await openChat({ settings: { KILLSWITCH_SLACK_TEAMS: 'T7, T8' } });
    const { isAlive } = await chat.agent('a1');
    const { message } = await slack(chat, 'kill a1');
    expect(message).toMatchObject({
      response_type: 'ephemeral',
      text: 'Nothing was done: this workspace is not served here',
    });
    await chat.settle();
    expect(await isAlive()).toBe(true);
  });

  it.each([
    ['another host', () => 'http://127.0.0.1:9/commands/T1/1/x'],
    ['a host that begins like it', ({ url }: Chat) => `${url}.example.com/commands/x`],
    ['a password', ({ url }: Chat) => url.replace('http://', 'http://a:b@')],
    ['no URL', () => 'commands'],
  ])('tells nothing to a response URL of %s, and stops all the same', async (_, responseUrl) => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    await slack(chat, 'kill a1', { response_url: responseUrl(chat) });
    await chat.settle();
    expect(await isAlive()).toBe(false);
    expect(chat.posted).toEqual([]);
    expect(chat.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', entry: { headline: 'a1 is killed: it was seen dead' } }),
    );
  });

  it('keeps in its log that the last word was not taken, and no URL', async () => {
    const chat = await openChat({ settings: { KILLSWITCH_SLACK_RESPONSE_ORIGIN: 'http://127.0.0.1:1' } });
    const { isAlive } = await chat.agent('a1');
    await slack(chat, 'kill a1', { response_url: 'http://127.0.0.1:1/commands/T1/1/x' });
    await chat.settle();
    expect(await isAlive()).toBe(false);
    const message = 'the result of a chat command could not be sent to the chat';
    expect(chat.log.lines).toContainEqual(expect.objectContaining({ level: 'error', message }));
    expect(JSON.stringify(chat.log.lines)).not.toContain('commands/T1');
  });

  it('says the last word again when it was not taken, and follows no redirect', async () => {
    const chat = await openChat({ statuses: [500, 302, 200] });
    await chat.agent('a1');
    await slack(chat, 'kill a1');
    await chat.settle();
    expect(chat.posted.map(({ path }) => path)).toEqual(Array(3).fill('/commands/T1/1/x'));
  });
});
