import { escapeSlack } from '../../lib/notify/escape.js';
import { fitLines, fitText } from '../../lib/notify/fit-text.js';
import type { SlackMessage } from './answers.js';
import { encodeToken } from './confirmation-token.js';
import type { Reply } from './reply.js';

/** The `action_id` of the only button. */
export const STOP = 'killswitch_stop';

/** The longest text of a section and a button, and value of a button. Source: docs.slack.dev/reference/block-kit */
const LIMITS = { headline: 300, section: 2_900, label: 75, value: 2_000 };

export const isTooLong = (value: string): boolean => value.length > LIMITS.value;

const plainText = (text: string) => ({ type: 'plain_text' as const, text, emoji: false });

/**
 * Only plain text objects, in which Slack reads no formatting. `text` is what notifications show.
 * @param replaces whether it replaces the message that its URL belongs to; absent for the answer to a command
 */
export function slackMessage({ headline, lines, to, button }: Reply, replaces?: boolean): SlackMessage {
  const head = fitText(headline, escapeSlack, LIMITS.headline);
  const body = fitLines(lines, { escapeText: escapeSlack, limit: LIMITS.section });
  const stop = button && {
    type: 'button' as const,
    action_id: STOP,
    style: 'danger' as const,
    text: plainText(fitText(button.label, escapeSlack, LIMITS.label)),
    value: encodeToken(button.token),
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
