import { escapeDiscord, escapeMattermost, escapeSlack } from '../../lib/notify/escape.js';
import type { Message } from '../../lib/notify/receiver.js';
import { concat, signHmac, toBase64 } from '../../lib/util/crypto.js';
import { sentenceOf } from './sentence.js';
import type { Kind, TargetSettings } from './settings.js';

/** What is sent as JSON by POST. */
export interface Rendered {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param now epoch milliseconds: of the attempt, since a receiver takes nothing that is old */
type Render = (message: Message, target: TargetSettings, now: number) => Promise<Rendered>;

const json = (value: object): Rendered => ({ headers: {}, body: JSON.stringify(value) });

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const standard: Render = async ({ id, event }, { secrets }, now) => {
  const timestamp = `${Math.floor(now / 1_000)}`;
  const body = JSON.stringify(event);
  const signed = concat(`${id}.${timestamp}.${body}`);
  const signatures = await Promise.all(
    secrets.map(async key => `v1,${toBase64(await signHmac(key, signed))}`),
  );
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
  return { headers, body };
};

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
const slack: Render = async ({ event }) =>
  json({
    text: sentenceOf(event, escapeSlack),
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
  });

/** https://discord.com/developers/docs/resources/webhook#execute-webhook: at most 2,000 characters. */
const DISCORD_MAX = 2_000;
const SUPPRESS_EMBEDS = 1 << 2;

const discord: Render = async ({ event }) =>
  json({
    content: sentenceOf(event, escapeDiscord, DISCORD_MAX),
    allowed_mentions: { parse: [] },
    flags: SUPPRESS_EMBEDS,
  });

/** https://developers.mattermost.com/integrate/webhooks/incoming */
const mattermost: Render = async ({ event }) => json({ text: sentenceOf(event, escapeMattermost) });

export const renderers: Readonly<Record<Kind, Render>> = { webhook: standard, slack, discord, mattermost };
