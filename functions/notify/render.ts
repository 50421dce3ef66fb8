import { codeSpan, escapeDiscord, escapeMattermost, escapeSlack } from '../../lib/notify/escape.js';
import { fitLines } from '../../lib/notify/fit-text.js';
import type { Message } from '../../lib/notify/receiver.js';
import { concat, signHmac, toBase64 } from '../../lib/util/crypto.js';
import { describeEvent } from './describe-event.js';
import type { Kind, TargetSettings } from './settings.js';

/** A POST request with JSON. */
export interface Rendered {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param now epoch milliseconds of the attempt: receivers refuse an old signature */
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

/** UTF-16 units. Slack takes 3,000 in a text object, Discord 2,000 and Mattermost 16,383 in a message. */
const SLACK_MAX = 2_900;
const DISCORD_MAX = 2_000;
const MATTERMOST_MAX = 8_000;

/**
 * `text` is what notifications show, and what clients show that do not know blocks.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
const slack: Render = async ({ event }) => {
  const text = fitLines(describeEvent(event), { escapeText: escapeSlack, limit: SLACK_MAX });
  return json({
    text,
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [{ type: 'section', text: { type: 'plain_text', text, emoji: false } }],
  });
};

/** https://discord.com/developers/docs/resources/webhook#execute-webhook */
const SUPPRESS_EMBEDS = 1 << 2;

const discord: Render = async ({ event }) =>
  json({
    content: fitLines(describeEvent(event), { escapeText: escapeDiscord, limit: DISCORD_MAX }),
    allowed_mentions: { parse: [] },
    flags: SUPPRESS_EMBEDS,
  });

/** https://developers.mattermost.com/integrate/webhooks/incoming */
const mattermost: Render = async ({ event }) => {
  const room = { escapeText: escapeMattermost, limit: MATTERMOST_MAX, wrap: codeSpan };
  return json({ text: fitLines(describeEvent(event), room) });
};

export const renderers: Readonly<Record<Kind, Render>> = { webhook: standard, slack, discord, mattermost };
