import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseUrlSchema, urlBelow } from '../../functions/chatops/base-url.js';
import {
  createToken,
  decodeToken,
  encodeToken,
  verifyToken,
} from '../../functions/chatops/confirmation-token.js';
import { discordMessage } from '../../functions/chatops/discord-message.js';
import { mattermostMessage } from '../../functions/chatops/mattermost-message.js';
import { parseAllow, scopesOf } from '../../functions/chatops/permissions.js';
import { type Reply, toChannel } from '../../functions/chatops/reply.js';
import { slackMessage } from '../../functions/chatops/slack-message.js';
import { ConfigError } from '../../lib/config/config-error.js';
import { type Message, openChat } from './chatops-bench.js';

/** What people try, among all that there is. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        '@here',
        '@everyone',
        '<!channel>',
        '<@U1>',
        '<#C1|x>',
        '<https://evil.example|ok>',
        '[a](https://evil.example)',
        '`',
        '```',
        '**',
        '_',
        '~~',
        '||',
        '\\',
        '&lt;',
        '\n',
        '\r',
        '\u202e',
        '\u200b',
        '\ud800',
        ':skull:',
        '# ',
        '> ',
        '- ',
        'a1',
        ' ',
      ),
    )
    .map(parts => parts.join('')),
);
const reply: fc.Arbitrary<Reply> = fc
  .tuple(hostile, fc.array(hostile, { maxLength: 40 }))
  .map(([headline, lines]) => toChannel(headline, lines));

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

describe('what an agent may have written', () => {
  it('is plain text in Slack, and no control of its mark-up', () => {
    fc.assert(
      fc.property(reply, one => {
        const message: Message = slackMessage(one);
        const texts = [message.text, ...message.blocks.map(({ text }: Message) => text.text)];
        for (const text of texts) {
          expect(text.replace(/&(amp|lt|gt);/g, '')).not.toMatch(/[<>&]/);
          expect(text.replace(/[\n\u200b]/g, '')).not.toMatch(UNSEEN);
          expect(text).not.toMatch(/@(?!\u200b)|:\/\//);
          expect(text.length).toBeLessThanOrEqual(3000);
        }
        for (const { text } of message.blocks)
          expect(text).toMatchObject({ type: 'plain_text', emoji: false });
        expect(message).toMatchObject({ mrkdwn: false, parse: 'none', link_names: false });
      }),
    );
  });

  it('has no mark-up, mention or link in Discord', () => {
    fc.assert(
      fc.property(reply, one => {
        const message: Message = discordMessage(one);
        const [head, ...lines] = message.content.split('\n');
        for (const text of [head.replace(/^\*\*|\*\*$/g, ''), ...lines]) {
          expect(text.replace(/\\[^0-9A-Za-z\s]/g, '')).not.toMatch(/[\\*_~`|<>#@:/[\]]/);
          expect(text).not.toMatch(UNSEEN);
        }
        expect(message.content.length).toBeLessThanOrEqual(2000);
        expect(message.allowed_mentions).toEqual({ parse: [] });
      }),
    );
  });

  it('stands in code spans in Mattermost, and cannot leave them', () => {
    fc.assert(
      fc.property(reply, one => {
        const message: Message = mattermostMessage(one);
        const [head, ...lines] = message.text.split('\n');
        for (const text of [head.replace(/^\*\*|\*\*$/g, ''), ...lines]) {
          expect(text).toMatch(/^`[^`]*[^`\s][^`]*`$/u);
          expect(text).not.toMatch(UNSEEN);
        }
        expect(message.text.length).toBeLessThanOrEqual(16_383);
        expect(message.skip_slack_parsing).toBe(true);
      }),
    );
  });
});

describe('who may do what', () => {
  const kinds = ['user', 'channel', 'team'];
  it('is the union of all rules that match', () => {
    const allow = parseAllow('user:U1=agents:kill, agents:read; channel:C1=stop;team:T1=audit:read;', kinds);
    if ('problem' in allow) throw new Error(allow.problem);
    const scopes = (user: string, channel: string, team: string) =>
      [...scopesOf(allow, { user: [user], channel: [channel], team: [team] })].sort();
    expect(scopes('U1', 'C1', 'T1')).toEqual([
      'agents:kill',
      'agents:kill-all',
      'agents:read',
      'audit:read',
      'latch:engage',
    ]);
    expect(scopes('U2', 'C2', 'T1')).toEqual(['audit:read']);
    expect(scopes('C1', 'U1', '')).toEqual([]);
    expect(parseAllow('', kinds)).toEqual([]);
  });

  it.each([
    [
      'user:U1',
      'must be rules like user:ID=agents:kill,agents:read;channel:ID=stop, separated by ";" (rule 1)',
    ],
    [
      'user:U1=stop;group:G1=stop',
      'names an unknown kind before its ":": there are user, channel, team (rule 2)',
    ],
    [
      'user:U1=kill',
      'names an unknown scope: there are agents:kill, agents:kill-all, agents:read, agents:write, latch:engage, latch:reset, audit:read, stop, all (rule 1)',
    ],
    ['user:U1=', 'names an unknown scope'],
    ['user:*=all', 'must be rules like'],
  ])('is refused in a sentence: %s', (text, problem) => {
    expect(parseAllow(text, kinds)).toEqual({ problem: expect.stringContaining(problem) });
  });

  it('keeps the server from starting when it is wrong, with all that is', async () => {
    const settings = {
      KILLSWITCH_SLACK_ALLOW: 'user:U1=kill',
      KILLSWITCH_SLACK_SIGNING_SECRET: 'short',
      KILLSWITCH_SLACK_TEAMS: 'T1;T2',
      KILLSWITCH_SLACK_RESPONSE_ORIGIN: 'http://hooks.example.com',
      KILLSWITCH_SLACK_COLOUR: 'red',
    };
    const refusal = await openChat({ settings }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(
      String(refusal)
        .match(/KILLSWITCH_SLACK_\w+/g)
        ?.sort(),
    ).toEqual(Object.keys(settings).sort());
  });
});

describe('where news may go', () => {
  it.each([
    ['https://hooks.slack.com', 'https://hooks.slack.com/commands/1', true],
    ['https://chat.example.com/mm', 'https://chat.example.com/mm/hooks/commands/x', true],
    ['https://chat.example.com/mm', 'https://chat.example.com/mmm/hooks', false],
    ['https://chat.example.com/mm', 'https://chat.example.com/mm/../admin', false],
    ['https://hooks.slack.com', 'http://hooks.slack.com/commands/1', false],
    ['https://hooks.slack.com', 'https://hooks.slack.com.example.com/1', false],
    ['https://hooks.slack.com', 'https://hooks.slack.com:444/1', false],
    ['https://hooks.slack.com', 'https://hooks.slack.com@example.com/1', false],
    ['https://hooks.slack.com', 'https://u:p@hooks.slack.com/1', false],
    ['https://hooks.slack.com', '//hooks.slack.com/1', false],
    ['https://hooks.slack.com', null, false],
  ])('from %s: %s is %s', (base, url, allowed) => {
    expect(urlBelow(baseUrlSchema.parse(base), url)).toBe(allowed ? url : undefined);
  });

  it.each([
    'http://example.com',
    'https://a:b@example.com',
    'https://example.com?x=1',
    'ftp://example.com',
    'example.com',
  ])('is never set to %s', text => expect(baseUrlSchema.safeParse(text).success).toBe(false));
});

describe('a confirmation token', () => {
  const pending = {
    selector: { labels: { team: 'cöre' } },
    reason: 'it "spreads" 東',
    asker: 'slack:T1:U1',
    nonce: '0'.repeat(32),
  };
  const AT = 1_800_000_000;

  it('comes back as it was, until its time is over', async () => {
    const token = await createToken('secret', pending, AT);
    expect(token.proof + token.order).toMatch(/^[ -~]+$/);
    expect(decodeToken(encodeToken(token))).toEqual(token);
    expect(await verifyToken(['other', 'secret'], token, AT * 1000 - 1)).toEqual(pending);
    expect(await verifyToken(['secret'], token, AT * 1000)).toBe('expired');
    expect(await verifyToken(['other'], token, AT * 1000 - 1)).toBe('forged');
    expect(await verifyToken([], token, AT * 1000 - 1)).toBe('forged');
  });

  it('is worth nothing with any character changed', async () => {
    const text = encodeToken(await createToken('secret', pending, AT));
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'0aZ.-_'), async (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        const seen = await verifyToken(['secret'], decodeToken(changed), AT * 1000 - 1);
        // The last characters of either half carry bits that mean nothing.
        expect(seen === 'forged' || JSON.stringify(seen) === JSON.stringify(pending)).toBe(true);
      }),
    );
  });
});
