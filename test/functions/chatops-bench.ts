import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import { ANSWER_WITHIN } from '../../functions/chatops/wait.js';
import { chatopsWith } from '../../functions/chatops.js';
import type { Deps } from '../../functions/http/function.js';
import { openApp } from './bench.js';
import { expectDocumented } from './documented.js';

/** A message as the platforms get it, as far as the tests name its members. */
// biome-ignore lint/suspicious/noExplicitAny: three platforms' shapes, looked at member by member
export type Message = any;

export type Headed = Record<string, string> | [string, string][];

export interface Posted {
  readonly method: string;
  readonly path: string;
  readonly message: Message;
}

/** What a platform's own server is in the tests: it takes messages, with the statuses that are laid out for it. */
export async function openReceiver(statuses: number[] = []) {
  const posted: Posted[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    posted.push({
      method: `${request.method}`,
      path: `${request.url}`,
      message: JSON.parse(body),
    });
    response.writeHead(statuses.shift() ?? 200, { location: '/elsewhere' }).end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted };
}

/** Lets no time go by, and gives answers the time that they need. */
export const impatient = (ms: number): Promise<void> =>
  ms === ANSWER_WITHIN ? new Promise(() => undefined) : Promise.resolve();

/** The chat functions on fakes, with a real server to tell news to. */
export async function openChat({
  settings = {},
  statuses = [],
  wait = impatient,
  ...over
}: Partial<Deps> & { statuses?: number[]; wait?: (ms: number) => Promise<void> } = {}) {
  const receiver = await openReceiver(statuses);
  const app = openApp({
    functions: [...catalogue.filter(({ name }) => name !== 'chatops'), chatopsWith(wait)],
    fetch: globalThis.fetch,
    settings: {
      ...slackSettings(receiver.url),
      ...discordSettings(receiver.url),
      ...mattermostSettings(receiver.url),
      ...settings,
    },
    ...over,
  });
  return {
    ...app,
    posted: receiver.posted,
    url: receiver.url,
    /** Posts to a platform's path as it is. */
    async post(platform: string, body: string, headers: Headed) {
      const response = await app.app.request(`/chatops/${platform}`, { method: 'POST', body, headers });
      const said = await response.text();
      const { status, headers: given } = response;
      expectDocumented('POST', `/chatops/${platform}`, { status, headers: given, text: said });
      const isJson = response.headers.get('content-type')?.includes('json');
      return {
        status: response.status,
        text: said,
        message: (isJson ? JSON.parse(said) : undefined) as Message,
      };
    },
    /** Epoch seconds. */
    now: () => Math.floor(app.deps.clock.now() / 1000),
  };
}
export type Chat = Awaited<ReturnType<typeof openChat>>;

export const SLACK_SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
export const slackSettings = (url: string) => ({
  KILLSWITCH_SLACK_SIGNING_SECRET: SLACK_SECRET,
  KILLSWITCH_SLACK_ALLOW: 'user:U1=all;user:U3=stop;channel:C9=agents:kill',
  KILLSWITCH_SLACK_RESPONSE_ORIGIN: url,
});

export function slackHeaders(
  body: string,
  timestamp: number | string,
  secret = SLACK_SECRET,
): Record<string, string> {
  const mac = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': `${timestamp}`,
    'x-slack-signature': `v0=${mac}`,
  };
}

export const slackForm = (words: string, more: Record<string, string> = {}): string =>
  new URLSearchParams({
    team_id: 'T1',
    channel_id: 'C1',
    user_id: 'U1',
    user_name: 'alice',
    command: '/killswitch',
    text: words,
    ...more,
  }).toString();

/** Sends `/killswitch <words>` as Slack does. */
export function slack(chat: Chat, words: string, more: Record<string, string> = {}) {
  const body = slackForm(words, { response_url: `${chat.url}/commands/T1/1/x`, ...more });
  return chat.post('slack', body, slackHeaders(body, chat.now()));
}

/** The body that Slack sends when the button of a message is pressed. */
export function slackPressForm(url: string, message: Message, user = 'U1'): string {
  const [action] = message.blocks.at(-1).elements;
  const payload = {
    type: 'block_actions',
    user: { id: user, username: user.toLowerCase() },
    team: { id: 'T1' },
    channel: { id: 'C1' },
    response_url: `${url}/actions/T1/1/x`,
    actions: [{ type: 'button', action_id: action.action_id, value: action.value }],
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

/** Presses the button of a message in Slack. */
export function slackPress(chat: Chat, message: Message, user?: string) {
  const body = slackPressForm(chat.url, message, user);
  return chat.post('slack', body, slackHeaders(body, chat.now()));
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
export const DISCORD_KEY = Buffer.from(`${publicKey.export({ format: 'jwk' }).x}`, 'base64url').toString(
  'hex',
);
export const discordSettings = (url: string) => ({
  KILLSWITCH_DISCORD_PUBLIC_KEY: DISCORD_KEY,
  KILLSWITCH_DISCORD_TICKET_SECRET: 'a secret of the tests, long enough to sign with',
  KILLSWITCH_DISCORD_ALLOW: 'user:11=all;role:55=agents:kill',
  KILLSWITCH_DISCORD_API: `${url}/api/v10`,
});

export function discordHeaders(
  body: string,
  timestamp: number | string,
  key = privateKey,
): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-signature-timestamp': `${timestamp}`,
    'x-signature-ed25519': sign(null, Buffer.from(`${timestamp}${body}`), key).toString('hex'),
  };
}

let interactions = 0;
export const discordInteraction = (more: object, user = '11', roles: string[] = []): string =>
  JSON.stringify({
    id: `${++interactions}`,
    application_id: '777',
    token: 'interaction-token',
    guild_id: '33',
    channel_id: '44',
    member: { user: { id: user, username: 'alice' }, roles },
    ...more,
  });

/** Uses a subcommand of `/killswitch` in Discord. */
export function discord(
  chat: Chat,
  name: string,
  given: Record<string, string> = {},
  user?: string,
  roles?: string[],
) {
  const options = Object.entries(given).map(([option, value]) => ({ type: 3, name: option, value }));
  const data = { type: 1, name: 'killswitch', options: [{ type: 1, name, options }] };
  const body = discordInteraction({ type: 2, data }, user, roles);
  return chat.post('discord', body, discordHeaders(body, chat.now()));
}

/** Presses the button of a message in Discord. */
export function discordPress(chat: Chat, message: Message, user?: string) {
  const { custom_id } = message.components[0].components[0];
  const body = discordInteraction({ type: 3, data: { component_type: 2, custom_id }, message }, user);
  return chat.post('discord', body, discordHeaders(body, chat.now()));
}

export const MATTERMOST_TOKENS = ['m1-token-of-the-tests', 'm2-token-of-the-tests'] as const;
export const mattermostSettings = (url: string) => ({
  KILLSWITCH_MATTERMOST_TOKENS: MATTERMOST_TOKENS.join(','),
  KILLSWITCH_MATTERMOST_URL: url,
  KILLSWITCH_MATTERMOST_CALLBACK: 'https://stop.example.com/chatops/mattermost',
  KILLSWITCH_MATTERMOST_ALLOW: 'user:mm1=all',
});

export const mattermostForm = (url: string, words: string, more: Record<string, string> = {}): string =>
  new URLSearchParams({
    team_id: 'mt1',
    channel_id: 'mc1',
    user_id: 'mm1',
    user_name: 'alice',
    text: words,
    response_url: `${url}/hooks/commands/abc`,
    ...more,
  }).toString();

export const mattermostHeaders = (token: string = MATTERMOST_TOKENS[0]): Record<string, string> => ({
  'content-type': 'application/x-www-form-urlencoded',
  authorization: `Token ${token}`,
});

/** Sends `/killswitch <words>` as Mattermost does. */
export const mattermost = (chat: Chat, words: string, more: Record<string, string> = {}) =>
  chat.post('mattermost', mattermostForm(chat.url, words, more), mattermostHeaders());

/** Presses the button of a message in Mattermost. */
export function mattermostPress(chat: Chat, message: Message, user = 'mm1', context: object = {}) {
  const known = message.attachments[0].actions[0].integration.context;
  const body = {
    user_id: user,
    user_name: user,
    channel_id: 'mc1',
    team_id: 'mt1',
    post_id: 'p1',
    context: { ...known, ...context },
  };
  return chat.post('mattermost', JSON.stringify(body), { 'content-type': 'application/json' });
}
