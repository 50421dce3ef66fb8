import type { SlackMessage } from './answers.js';
import { joined } from './confirmation-token.js';
import type { Reply } from './reply.js';
import { type Escape, fitLines, fitted } from './sanitize.js';

/** The controls of Slack's mark-up. Source: docs.slack.dev/messaging/formatting-message-text, "Escaping text" */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
export const slackEscape: Escape = character => ENTITIES[character] ?? character;

/** The `action_id` of the one button there is. */
export const STOP = 'killswitch_stop';

/** Of a section's text, a button's text and a button's value. Source: docs.slack.dev/reference/block-kit */
const MOST = { headline: 300, section: 2_900, label: 75, value: 2_000 };

export const isTooLong = (value: string): boolean => value.length > MOST.value;

const plainText = (text: string) => ({ type: 'plain_text' as const, text, emoji: false });

/**
 * Plain text objects alone, in which Slack reads no mark-up. `text` is what notifications show.
 * @param replaces whether it takes the place of the message that its URL belongs to
 */
export function slackMessage({ headline, lines, to, button }: Reply, replaces?: boolean): SlackMessage {
  const head = fitted(headline, slackEscape, MOST.headline);
  const body = fitLines(lines, { escaped: slackEscape, limit: MOST.section });
  const stop = button && {
    type: 'button' as const,
    action_id: STOP,
    style: 'danger' as const,
    text: plainText(fitted(button.label, slackEscape, MOST.label)),
    value: joined(button.sealed),
  };
  return {
    response_type: to === 'channel' ? 'in_channel' : 'ephemeral',
    ...(replaces !== undefined && { replace_original: replaces && to === 'channel' }),
    text: head,
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'section' as const, text: plainText(head) },
      ...(body === '' ? [] : [{ type: 'section' as const, text: plainText(body) }]),
      ...(stop ? [{ type: 'actions' as const, elements: [stop] }] : []),
    ],
  };
}
