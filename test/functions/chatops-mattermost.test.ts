import { describe, expect, it } from 'vitest';
import {
  type Headed,
  MATTERMOST_TOKENS,
  mattermost,
  mattermostForm,
  mattermostHeaders,
  mattermostPress,
  openChat,
} from './chatops-bench.js';

const [token, other] = MATTERMOST_TOKENS;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('a slash command of Mattermost', () => {
  it.each<[string, Headed, string, number]>([
    ['the token in its header', mattermostHeaders(), '', 200],
    ['another of the tokens', mattermostHeaders(other), '', 200],
    ['the token in its form', FORM, `&token=${token}`, 200],
    ['the token in both', mattermostHeaders(), `&token=${token}`, 200],
    ['two different tokens, though each is good', mattermostHeaders(), `&token=${other}`, 401],
    ['a wrong token in one of the two', mattermostHeaders(), '&token=wrong', 401],
    ['a wrong token', mattermostHeaders('wrong-token-of-the-tests'), '', 401],
    ['one byte of the token changed', mattermostHeaders(`${token.slice(0, -1)}x`), '', 401],
    ['no token', FORM, '', 401],
    ['empty tokens', { ...FORM, authorization: 'Token ' }, '&token=', 401],
    ['the token as a bearer', { ...FORM, authorization: `Bearer ${token}` }, '', 401],
    [
      'the header twice',
      [...Object.entries(mattermostHeaders()), ['authorization', `Token ${token}`]],
      '',
      401,
    ],
    ['the field twice', FORM, `&token=${token}&token=${token}`, 401],
  ])('with %s is answered as it deserves', async (_, headers, more, status) => {
    const { post, url } = await openChat();
    expect((await post('mattermost', mattermostForm(url, 'help') + more, headers)).status).toBe(status);
  });
});

describe('/killswitch in Mattermost', () => {
  it('stops one agent at once, says so, and posts what was seen', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { message } = await mattermost(chat, 'kill a1 @channel look `here`');
    expect(message).toEqual({
      response_type: 'in_channel',
      text: "**`Stopping a1 …`**\n`asked by alice (mm1): @channel look 'here'`",
      skip_slack_parsing: true,
    });
    await chat.settle();
    expect(await isAlive()).toBe(false);
    expect(chat.posted).toMatchObject([
      {
        method: 'POST',
        path: '/hooks/commands/abc',
        message: { text: expect.stringContaining('a1 is killed') },
      },
    ]);
    expect(await chat.record('a1')).toMatchObject({ kill: { requestedBy: 'mattermost:mt1:mm1' } });
  });

  it('is carried out once for the same trigger, and a reset only once', async () => {
    const chat = await openChat();
    await chat.agent('a1');
    for (const _ of [1, 2]) await mattermost(chat, 'kill a1', { trigger_id: 'x1' });
    await chat.settle();
    expect(chat.containers.calls.filter(({ method }) => method === 'kill')).toHaveLength(1);
    await mattermost(chat, 'reset over', { trigger_id: 'x2' });
    await chat.settle();
    await mattermost(chat, 'latch', { trigger_id: 'x3' });
    await chat.settle();
    await mattermost(chat, 'reset over', { trigger_id: 'x2' });
    await chat.settle();
    expect((await chat.send('GET /latch')).json).toMatchObject({ engaged: true });
  });

  it('asks before it stops all, and takes the button away with the press', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { message } = await mattermost(chat, 'all');
    const [button] = message.attachments[0].actions;
    expect(button).toMatchObject({
      id: 'stop',
      type: 'button',
      style: 'danger',
      name: 'Stop 1 agent',
      integration: { url: 'https://stop.example.com/chatops/mattermost' },
    });

    const refused = await mattermostPress(chat, message, 'mm2');
    expect(refused.message).toMatchObject({ ephemeral_text: expect.stringContaining('you may not') });
    await chat.settle();
    expect(await isAlive()).toBe(true);

    const pressed = await mattermostPress(chat, message);
    expect(pressed.message).toEqual({
      update: { message: expect.stringContaining('Stopping every agent …'), props: {} },
      skip_slack_parsing: true,
    });
    await chat.settle();
    expect(await isAlive()).toBe(false);
    expect(chat.posted.at(-1)?.message.text).toContain('1 agent killed: all were seen dead');
  });

  it('believes no press whose ticket is not its own, and none that comes too late', async () => {
    const chat = await openChat();
    const { isAlive } = await chat.agent('a1');
    const { message } = await mattermost(chat, 'all');
    const { ticket } = message.attachments[0].actions[0].integration.context;
    const forged = [
      ticket.replace(/^\d/, '9'),
      `${ticket}x`,
      ticket.slice(1),
      '',
      ticket.split('.').slice(0, 3).join('.'),
    ];
    for (const one of forged) {
      expect((await mattermostPress(chat, message, 'mm1', { ticket: one })).status).toBe(401);
    }
    expect((await chat.post('mattermost', 'x', { 'content-type': 'application/json' })).status).toBe(401);
    chat.clock.advance(60_000);
    const late = await mattermostPress(chat, message);
    expect(late.message).toMatchObject({
      update: { message: expect.stringContaining('expired'), props: {} },
    });
    await chat.settle();
    expect(await isAlive()).toBe(true);
  });

  it('says what to set up before it can ask', async () => {
    const chat = await openChat({ settings: { KILLSWITCH_MATTERMOST_CALLBACK: '' } });
    const { message } = await mattermost(chat, 'all');
    expect(message.text).toContain('set KILLSWITCH_MATTERMOST_CALLBACK to the URL of /chatops/mattermost');
    expect(message.attachments).toBeUndefined();
  });

  it('says so when the order does not fit into a button', async () => {
    const chat = await openChat();
    const { message } = await mattermost(chat, `all ${'東'.repeat(1000)}`);
    expect(message.text).toContain('too long for a button in Mattermost');
    expect(message.attachments).toBeUndefined();
  });

  it('is served to the teams that are named alone', async () => {
    const chat = await openChat({ settings: { KILLSWITCH_MATTERMOST_TEAMS: 'mt2' } });
    expect((await mattermost(chat, 'status')).message.text).toContain('this team is not served here');
  });
});
