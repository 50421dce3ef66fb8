import { codeSpan, escapeMattermost } from '../../lib/notify/escape.js';
import { fitLines, fitText } from '../../lib/notify/fit-text.js';
import type { MattermostMessage, MattermostUpdate } from './answers.js';
import { encodeToken } from './confirmation-token.js';
import type { Reply } from './reply.js';

/** The ticket is kept in the properties of the post, of which older servers take 8,000 characters in all. */
const LIMITS = { headline: 300, body: 8_000, label: 75, ticket: 6_000 };

export const isTooLong = (ticket: string): boolean => ticket.length > LIMITS.ticket;

export interface Callback {
  /** Where Mattermost sends a press of the button. */
  readonly url: string;
  /** Where updates on the stop may be sent. */
  readonly respond: string | undefined;
}

function textOf({ headline, lines }: Reply): string {
  const head = codeSpan(fitText(headline, escapeMattermost, LIMITS.headline));
  const body = fitLines(lines, { escapeText: escapeMattermost, limit: LIMITS.body, wrap: codeSpan });
  return `**${head}**${body === '' ? '' : `\n${body}`}`;
}

/**
 * The answer to a slash command, or a later message to its URL. The confirmation token is in the context of the button,
 * which Mattermost does not show. Source: developers.mattermost.com/integrate/plugins/interactive-messages
 */
export function mattermostMessage(reply: Reply, callback?: Callback): MattermostMessage {
  const { to, button } = reply;
  const stop = button &&
    callback && {
      id: 'stop',
      type: 'button' as const,
      style: 'danger' as const,
      name: fitText(button.label, escapeMattermost, LIMITS.label),
      integration: {
        url: callback.url,
        context: { ticket: encodeToken(button.token), respond: callback.respond ?? '' },
      },
    };
  return {
    response_type: to === 'channel' ? 'in_channel' : 'ephemeral',
    text: textOf(reply),
    skip_slack_parsing: true,
    ...(stop && { attachments: [{ fallback: button.label, actions: [stop] }] }),
  };
}

/** The answer to a press: a new text without the button, or a text that only the person who pressed sees. */
export const mattermostUpdate = (reply: Reply): MattermostUpdate =>
  reply.to === 'asker'
    ? { ephemeral_text: textOf(reply), skip_slack_parsing: true }
    : { update: { message: textOf(reply), props: {} }, skip_slack_parsing: true };
