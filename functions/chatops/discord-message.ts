import { escapeDiscord } from '../../lib/notify/escape.js';
import { fitLines, fitText } from '../../lib/notify/fit-text.js';
import type { DiscordMessage } from './answers.js';
import type { Sealed } from './confirmation-token.js';
import type { Reply } from './reply.js';

/** Source: discord.com/developers/docs/components/reference, /resources/message, "Embed Limits" */
const MOST = { headline: 400, content: 2_000, label: 80, customId: 100, footer: 2_048 };
const PREFIX = 'ks.';

const EPHEMERAL = 1 << 6;
const ACTION_ROW = 1;
const BUTTON = 2;
const DANGER = 4;

export const isTooLong = ({ stub, order }: Sealed): boolean =>
  PREFIX.length + stub.length > MOST.customId || order.length > MOST.footer;

/**
 * A message of an interaction. A ticket does not fit into the 100 characters of a button, so its order stands in the
 * footer of an embed, in which no mark-up is read.
 */
export function discordMessage({ headline, lines, to, button }: Reply): DiscordMessage {
  const head = fitText(headline, escapeDiscord, MOST.headline);
  const body = fitLines(lines, { escapeText: escapeDiscord, limit: MOST.content - MOST.headline - 10 });
  const stop = button && {
    type: BUTTON,
    style: DANGER,
    label: fitText(button.label, text => text, MOST.label),
    custom_id: `${PREFIX}${button.sealed.stub}`,
  };
  return {
    content: `**${head}**${body === '' ? '' : `\n${body}`}`,
    embeds: button ? [{ footer: { text: button.sealed.order } }] : [],
    components: stop ? [{ type: ACTION_ROW, components: [stop] }] : [],
    allowed_mentions: { parse: [] },
    ...(to === 'asker' && { flags: EPHEMERAL }),
  };
}

/** The ticket of a button and the message that it stands in; whether it is ours is for the signature to say. */
export const sealedIn = (customId: string, footer: string | undefined): Sealed => ({
  stub: customId.startsWith(PREFIX) ? customId.slice(PREFIX.length) : '',
  order: footer ?? '',
});
