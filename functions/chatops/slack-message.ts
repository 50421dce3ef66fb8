import { escapeSlack } from '../../lib/notify/escape.js';
import { fitLines, fitText } from '../../lib/notify/fit-text.js';
import type { SlackMessage } from './answers.js';
import { joined } from './confirmation-token.js';
import type { Reply } from './reply.js';

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
  const head = fitText(headline, escapeSlack, MOST.headline);
  const body = fitLines(lines, { escapeText: escapeSlack, limit: MOST.section });
  const stop = button && {
    type: 'button' as const,
    action_id: STOP,
    style: 'danger' as const,
    text: plainText(fitText(button.label, escapeSlack, MOST.label)),
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
