import { stripInvisible } from '../util/strip-invisible.js';

/**
 * Makes untrusted text, such as an agent's, safe to show in a chat: it mentions no one, links nowhere, formats nothing
 * and stays on its line. Text that a client would interpret is broken up by a zero-width space and stays readable.
 */

const ZERO_WIDTH = '\u200b';

/** What all three take for a mention or an address: `@`, `://` of any scheme, and `www.` without one. */
const CALLING = /@|:(?=\/\/)|www(?=\.)|(?:mailto|tel|sms|skype|slack|mattermost):/gi;

const defused = (text: string): string =>
  stripInvisible(text).replace(CALLING, found => `${found}${ZERO_WIDTH}`);

/**
 * For a Slack message, or any of its text objects. Only `&`, `<` and `>` have an escape there; formatting marks are
 * set apart instead. Send it with `parse: 'none'` besides.
 * Source: https://docs.slack.dev/messaging/formatting-message-text
 */
export const escapeSlack = (text: string): string =>
  defused(text)
    .replace(/[*_~`#]/g, mark => `${mark}${ZERO_WIDTH}`)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');

/** Marks with a meaning in Markdown. A backslash before one is not shown, also where it has none. */
const MARKDOWN = /[\\`*_{}[\]()>#+\-.!|~]/g;

/**
 * For a Discord message. Send it with `allowed_mentions: { parse: [] }` besides.
 * Source: https://discord.com/developers/docs/reference#message-formatting
 */
export const escapeDiscord = (text: string): string =>
  defused(text)
    .replace(MARKDOWN, mark => `\\${mark}`)
    .replace(/[<#]/g, mark => `${mark}${ZERO_WIDTH}`);

/**
 * For a Mattermost message, which takes `~` for a channel and `#` for a hashtag.
 * Source: https://docs.mattermost.com/collaborate/format-messages.html
 */
export const escapeMattermost = (text: string): string =>
  defused(text)
    .replace(MARKDOWN, mark => `\\${mark}`)
    .replace(/[<#~]/g, mark => `${mark}${ZERO_WIDTH}`);
