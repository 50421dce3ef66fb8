import { stripInvisible } from '../util/strip-invisible.js';

/**
 * Makes untrusted text, such as an agent's, safe to show in a chat: it mentions no one, links nowhere, formats nothing
 * and stays on its line.
 */
export type Escape = (text: string) => string;

const ZERO_WIDTH = '\u200b';

/** What a client turns into a mention or a link: `@`, `://` of any scheme, `www.`, and schemes without slashes. */
const MENTION_OR_LINK = /@|:(?=\/\/)|www(?=\.)|(?:mailto|tel|sms|skype):/gi;

/** Source: https://docs.slack.dev/messaging/formatting-message-text, "Escaping text" */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * For a `plain_text` object in Slack, in which formatting has no meaning. Mentions and links, which have no escape, are
 * broken up by a zero-width space and stay readable. Send it with `parse: 'none'` besides.
 */
export const escapeSlack: Escape = text =>
  stripInvisible(text)
    .replace(MENTION_OR_LINK, found => `${found}${ZERO_WIDTH}`)
    .replace(/[&<>]/g, found => ENTITIES[found] ?? found);

/**
 * For a Discord message: a backslash before every character that can begin formatting, a mention, a link, an emoji or a
 * list. Send it with `allowed_mentions: { parse: [] }` besides.
 * Source: https://discord.com/developers/docs/reference#message-formatting
 */
export const escapeDiscord: Escape = text =>
  stripInvisible(text).replace(/[\\*_~`|<>#@:/()[\]{}!&.+=-]/g, found => `\\${found}`);

/** For the inside of a {@link codeSpan} in Mattermost, which only a backtick can end. */
export const escapeMattermost: Escape = text => stripInvisible(text).replaceAll('`', "'");

/**
 * A line of Mattermost in which neither formatting, mentions, emoji, hashtags nor links have a meaning; there is no
 * escape for all of these otherwise.
 * Source: https://docs.mattermost.com/collaborate/format-messages.html
 * @param line as {@link escapeMattermost} gives it
 */
export const codeSpan = (line: string): string => `\`${line.trim() === '' ? '-' : line}\``;
