import { escapeDiscord } from '../../lib/notify/escape.js';
import { fitLines, fitText } from '../../lib/notify/fit-text.js';
import type { DiscordMessage } from './answers.js';
import type { ConfirmationToken } from './confirmation-token.js';
import type { Reply } from './reply.js';

/** Source: discord.com/developers/docs/components/reference, /resources/message, "Embed Limits" */
const LIMITS = { headline: 400, content: 2_000, label: 80, customId: 100, footer: 2_048 };
const PREFIX = 'ks.';

const EPHEMERAL = 1 << 6;
const ACTION_ROW = 1;
const BUTTON = 2;
const DANGER = 4;

export const isTooLong = ({ proof, order }: ConfirmationToken): boolean =>
  PREFIX.length + proof.length > LIMITS.customId || order.length > LIMITS.footer;

/**
 * A message of an interaction. A token does not fit into the 100 characters of a button, so its order is put into the
 * footer of an embed, which has no formatting.
 */
export function discordMessage({ headline, lines, to, button }: Reply): DiscordMessage {
  const head = fitText(headline, escapeDiscord, LIMITS.headline);
  const body = fitLines(lines, { escapeText: escapeDiscord, limit: LIMITS.content - LIMITS.headline - 10 });
  const stop = button && {
    type: BUTTON,
    style: DANGER,
    label: fitText(button.label, text => text, LIMITS.label),
    custom_id: `${PREFIX}${button.token.proof}`,
  };
  return {
    content: `**${head}**${body === '' ? '' : `\n${body}`}`,
    embeds: button ? [{ footer: { text: button.token.order } }] : [],
    components: stop ? [{ type: ACTION_ROW, components: [stop] }] : [],
    allowed_mentions: { parse: [] },
    ...(to === 'asker' && { flags: EPHEMERAL }),
  };
}

/** The token in a pressed button and its message, not verified yet. */
export const tokenIn = (customId: string, footer: string | undefined): ConfirmationToken => ({
  proof: customId.startsWith(PREFIX) ? customId.slice(PREFIX.length) : '',
  order: footer ?? '',
});
