import type { MattermostMessage, MattermostUpdate } from './answers.js';
import { joined } from './confirmation-token.js';
import type { Reply } from './reply.js';
import { type Escape, fitLines, fitted } from './sanitize.js';

/**
 * What stands in a code span is read neither as mark-up nor as a mention, an emoji, a hashtag or a link; there is no
 * escape for all of these otherwise. Only a backtick ends the span.
 * Source: docs.mattermost.com, "Format messages"
 */
export const mattermostEscape: Escape = character => (character === '`' ? "'" : character);

/** The context is kept in the post's properties, of which older servers take 8,000 characters in all. */
const MOST = { headline: 300, body: 8_000, label: 75, ticket: 6_000 };

export const isTooLong = (ticket: string): boolean => ticket.length > MOST.ticket;

const span = (line: string): string => `\`${line.trim() === '' ? '-' : line}\``;

export interface Callback {
  /** Where Mattermost sends what is pressed. */
  readonly url: string;
  /** Where the news of the order may go. */
  readonly respond: string | undefined;
}

function textOf({ headline, lines }: Reply): string {
  const head = span(fitted(headline, mattermostEscape, MOST.headline));
  const body = fitLines(lines, { escaped: mattermostEscape, limit: MOST.body, wrap: span });
  return `**${head}**${body === '' ? '' : `\n${body}`}`;
}

/**
 * The answer to a slash command, or a later message to its URL. The ticket stands in the context of the button, which
 * Mattermost shows to nobody. Source: developers.mattermost.com/integrate/plugins/interactive-messages
 */
export function mattermostMessage(reply: Reply, callback?: Callback): MattermostMessage {
  const { to, button } = reply;
  const stop = button &&
    callback && {
      id: 'stop',
      type: 'button' as const,
      style: 'danger' as const,
      name: fitted(button.label, mattermostEscape, MOST.label),
      integration: {
        url: callback.url,
        context: { ticket: joined(button.sealed), respond: callback.respond ?? '' },
      },
    };
  return {
    response_type: to === 'channel' ? 'in_channel' : 'ephemeral',
    text: textOf(reply),
    skip_slack_parsing: true,
    ...(stop && { attachments: [{ fallback: button.label, actions: [stop] }] }),
  };
}

/** The answer to a press: a new text without the button, or a word to whoever pressed. */
export const mattermostUpdate = (reply: Reply): MattermostUpdate =>
  reply.to === 'asker'
    ? { ephemeral_text: textOf(reply), skip_slack_parsing: true }
    : { update: { message: textOf(reply), props: {} }, skip_slack_parsing: true };
