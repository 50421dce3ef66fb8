import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { openRandom } from '../faults/random.helper.js';
import { platforms } from '../functions/hooks-platforms.js';

/** One request of a platform, signed as the platform signs it. */
export interface Delivery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Its signature covers each byte of the body. */
  readonly isSealed: boolean;
}

const SLACK_SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const MATTERMOST_TOKEN = 'm1-token-of-the-tests';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');

/** Everything that pulls the stop, set up at once. Nobody listens to what is told. */
export const triggerSettings: Readonly<Record<string, string>> = {
  ...(Object.assign({}, ...platforms.map(({ settings }) => settings)) as Record<string, string>),
  KILLSWITCH_SLACK_SIGNING_SECRET: SLACK_SECRET,
  KILLSWITCH_SLACK_ALLOW: 'user:U1=all',
  KILLSWITCH_DISCORD_PUBLIC_KEY: Buffer.from(
    `${publicKey.export({ format: 'jwk' }).x}`,
    'base64url',
  ).toString('hex'),
  KILLSWITCH_DISCORD_TICKET_SECRET: 'a secret of the tests, long enough to sign with',
  KILLSWITCH_DISCORD_ALLOW: 'user:11=all',
  KILLSWITCH_MATTERMOST_TOKENS: MATTERMOST_TOKEN,
  KILLSWITCH_MATTERMOST_URL: 'https://mattermost.invalid',
  KILLSWITCH_MATTERMOST_ALLOW: 'user:mm1=all',
};

const NASTY: readonly unknown[] = [
  ...[
    '',
    'named',
    'everything',
    '*',
    '../x',
    '\u0000',
    '\ud800',
    '\u202e',
    '\u001b[2J',
    '\r\nx: y',
    '$(id)',
    '__proto__',
  ],
  ...[
    'a'.repeat(5_000),
    '9'.repeat(400),
    '1e400',
    'kill named',
    'all',
    '/kill-all',
    '/kill named\n/kill-all',
  ],
  ...[
    null,
    true,
    false,
    0,
    -1,
    1e308,
    2 ** 53,
    [],
    {},
    [[]],
    { length: -1 },
    { toString: 1 },
    [null],
    ['a', 'b', 'c'],
  ],
];

type Chance = ReturnType<typeof openRandom>;

/** Deliveries whose content is broken in zero to three ways before it is signed. */
export function openDeliveries({ random, pick }: Pick<Chance, 'random' | 'pick'>): () => Delivery {
  const chance = (share: number): boolean => random() < share;
  const below = (end: number): number => Math.floor(random() * end);

  /** One member somewhere in it is put in another's place, taken out, added, or made deep. */
  function broken(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || chance(0.1)) return pick(NASTY);
    const names = Object.keys(value);
    const name = pick(names);
    const copy: Record<string, unknown> = { ...(value as object) };
    if (name === undefined || chance(0.1)) copy[JSON.stringify(pick(NASTY))] = pick(NASTY);
    else if (chance(0.2)) delete copy[name];
    else copy[name] = chance(0.6) ? broken(copy[name]) : pick(NASTY);
    return Array.isArray(value) ? Object.values(copy) : copy;
  }
  function bytesOf(event: unknown): Buffer {
    let value = event;
    while (chance(0.5)) value = broken(value);
    const text = JSON.stringify(value) ?? '';
    switch (below(12)) {
      case 0:
        return Buffer.from(text.slice(0, below(text.length)));
      case 1:
        return Buffer.from(text.replace('{', '{"__proto__":{"x":1},"constructor":{"prototype":1},'));
      case 2:
        return Buffer.from(`${'['.repeat(below(30_000))}${text}`);
      case 3: {
        const bytes = Buffer.from(text);
        if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
        return bytes;
      }
      default:
        return Buffer.from(text);
    }
  }
  const formOf = (fields: Readonly<Record<string, unknown>>): Buffer => {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) {
      if (chance(0.9)) form.append(name, chance(0.2) ? `${JSON.stringify(pick(NASTY))}` : `${value}`);
      if (chance(0.05)) form.append(name, `${JSON.stringify(pick(NASTY))}`);
    }
    return Buffer.from(form.toString());
  };
  const words = () =>
    pick([
      'kill named why',
      'status',
      'all',
      'all label:x=y',
      'latch task=nobody',
      'help',
      `${JSON.stringify(pick(NASTY))}`,
    ]);
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const JSON_TYPE = { 'content-type': 'application/json' };

  const hook = (): Delivery => {
    const platform = pick(platforms);
    const at = Date.now();
    const body = bytesOf(platform.event('named', at));
    const headers = { ...JSON_TYPE, ...platform.headers(body, { at }) };
    return { path: `/hooks/${platform.source}`, headers, body, isSealed: platform.source !== 'alertmanager' };
  };
  const slack = (): Delivery => {
    const press = {
      type: 'block_actions',
      user: { id: 'U1' },
      team: { id: 'T1' },
      actions: [{ action_id: 'stop', value: 'x.y.z' }],
    };
    const command = { team_id: 'T1', channel_id: 'C1', user_id: 'U1', text: words() };
    const body = chance(0.5) ? formOf(command) : formOf({ payload: bytesOf(press) });
    const at = `${Math.floor(Date.now() / 1000)}`;
    const mac = createHmac('sha256', SLACK_SECRET).update(`v0:${at}:`).update(body).digest('hex');
    const headers = { ...FORM, 'x-slack-request-timestamp': at, 'x-slack-signature': `v0=${mac}` };
    return { path: '/chatops/slack', headers, body, isSealed: true };
  };
  const discord = (): Delivery => {
    const options = [
      { type: 1, name: pick(['kill', 'all', 'status']), options: [{ type: 3, name: 'id', value: 'named' }] },
    ];
    const common = { id: `${random()}`, application_id: '7', token: 't', guild_id: '3', channel_id: '4' };
    const member = { user: { id: '11', username: 'alice' }, roles: [] };
    const asked = chance(0.5)
      ? { type: 2, data: { type: 1, name: 'killswitch', options } }
      : {
          type: 3,
          data: { component_type: 2, custom_id: 'x.y' },
          message: { embeds: [{ footer: { text: '{}' } }] },
        };
    const body = bytesOf({ ...common, member, ...asked });
    const at = `${Math.floor(Date.now() / 1000)}`;
    const signature = sign(null, Buffer.concat([Buffer.from(at), body]), privateKey).toString('hex');
    const headers = { ...JSON_TYPE, 'x-signature-timestamp': at, 'x-signature-ed25519': signature };
    return { path: '/chatops/discord', headers, body, isSealed: true };
  };
  const mattermost = (): Delivery => {
    const press = { user_id: 'mm1', channel_id: 'c', team_id: 't', context: { ticket: 'x.y.z' } };
    const command = {
      team_id: 't',
      channel_id: 'c',
      user_id: 'mm1',
      text: words(),
      trigger_id: `${random()}`,
    };
    const isPress = chance(0.3);
    const headers = { ...(isPress ? JSON_TYPE : FORM), authorization: `Token ${MATTERMOST_TOKEN}` };
    return {
      path: '/chatops/mattermost',
      headers,
      body: isPress ? bytesOf(press) : formOf(command),
      isSealed: false,
    };
  };
  return () => pick([hook, hook, slack, discord, mattermost])();
}

/** The same with one bit turned over. */
export function turned({ random }: Pick<Chance, 'random'>, delivery: Delivery): Delivery {
  const body = Buffer.from(delivery.body);
  const at = Math.floor(random() * body.length);
  body[at] = (body[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return { ...delivery, body };
}
