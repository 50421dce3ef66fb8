import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import { parseTextCommand } from '../../lib/triggers/text-command.js';
import { concat, fromHex, isFresh, isHmac } from '../../lib/util/crypto.js';
import { parseJson } from '../../lib/util/parse-json.js';
import type { Stage } from './acknowledge.js';
import type { ChatAnswer } from './answers.js';
import { baseUrlSchema, urlBelow } from './base-url.js';
import { halved, joined } from './confirmation-token.js';
import { nowhere, openEdits, sendJson } from './message-updates.js';
import { allowSchema, idsSchema } from './permissions.js';
import { begin, type Incoming, type OpenPlatform, TOLERANCE, textOf } from './platform.js';
import { type Reply, toAsker } from './reply.js';
import { openMembers, type Whom, whomIn } from './requester.js';
import { isTooLong, STOP, slackMessage } from './slack-message.js';

export const settingsSchema = z.object({
  SIGNING_SECRET: z
    .string()
    .min(16, 'must be the signing secret of the app, at least 16 characters')
    .describe('The signing secret of the app.'),
  ALLOW: allowSchema(['user', 'channel', 'team']),
  TEAMS: idsSchema.describe(
    'The IDs of workspaces, separated by commas: only these are served. In a shared channel a press from another workspace counts only if that is named here.',
  ),
  RESPONSE_ORIGIN: baseUrlSchema.default('https://hooks.slack.com').describe('Where answers may go.'),
});

/** A URL is good for 5 messages; the last one, and a second try of it, must be among them. */
const BEFORE_THE_LAST = 3;

const press = z.looseObject({
  type: z.literal('block_actions'),
  user: z.looseObject({ id: z.string(), username: z.string().optional(), team_id: z.string().optional() }),
  team: z.looseObject({ id: z.string() }).nullish(),
  channel: z.looseObject({ id: z.string() }).nullish(),
  response_url: z.string().optional(),
  actions: z.array(z.looseObject({ action_id: z.string(), value: z.string().optional() })),
});

/**
 * Slash commands and buttons of a Slack app, both sent to this one URL.
 * Sources: docs.slack.dev/authentication/verifying-requests-from-slack, /interactivity/implementing-slash-commands,
 * /interactivity/handling-user-interaction
 */
export const openSlack: OpenPlatform = (deps, { conversation, wait }) => {
  const given = platformSettings(deps.settings, 'SLACK', settingsSchema);
  if (!given) return undefined;
  const set = given;
  const { clock, log, fetch } = deps;
  const stage: Stage = {
    variable: 'KILLSWITCH_SLACK_ALLOW',
    secrets: [set.SIGNING_SECRET],
    refuses: sealed =>
      isTooLong(joined(sealed))
        ? 'The selector and the reason are too long for a button in Slack: shorten them, and ask again'
        : undefined,
  };

  async function isSigned({ headers, body }: Incoming): Promise<boolean> {
    const timestamp = headers.get('x-slack-request-timestamp');
    const [, digits = ''] = /^v0=([0-9a-f]{64})$/.exec(headers.get('x-slack-signature') ?? '') ?? [];
    const matches = await isHmac(set.SIGNING_SECRET, concat(`v0:${timestamp}:`, body), fromHex(digits));
    return matches && isFresh(timestamp, clock.now(), TOLERANCE);
  }

  const { personOf, foreign } = openMembers(set, { platform: 'slack', noun: 'workspace' });

  function editsAt(responseUrl: string | null | undefined) {
    const url = urlBelow(set.RESPONSE_ORIGIN, responseUrl);
    if (url === undefined) return nowhere(log);
    // After a slash command Slack posts each anew; after a press each takes the place of the one before.
    const send = (reply: Reply) => sendJson(fetch, url, 'POST', slackMessage(reply, true));
    return openEdits(send, { wait, log, most: BEFORE_THE_LAST });
  }

  async function command(
    form: URLSearchParams,
    key: string,
    source: string | undefined,
  ): Promise<ChatAnswer> {
    const by = whomIn(form, source);
    const refusal = foreign(by);
    if (refusal) return slackMessage(refusal);
    const asked = await conversation.ask(stage, personOf(by), parseTextCommand(form.get('text') ?? ''), key);
    begin(deps, asked.work, editsAt(form.get('response_url')));
    return slackMessage(asked.reply);
  }

  /** The answer's body is ignored, so even the first word goes to the URL. */
  async function pressed(payload: unknown, source: string | undefined): Promise<undefined> {
    const { data } = press.safeParse(payload);
    const action = data?.actions.find(({ action_id }) => action_id === STOP);
    if (!data || !action) return undefined;
    const { user, team, channel, response_url } = data;
    const by: Whom = {
      user: user.id,
      name: user.username,
      team: team?.id ?? user.team_id ?? '',
      channel: channel?.id ?? '',
      source,
    };
    const edits = editsAt(response_url);
    // In a channel that is shared with another workspace, its people press too.
    const home = user.team_id ?? by.team;
    const isGuest = home !== by.team && !set.TEAMS?.has(home);
    const refusal = isGuest ? toAsker('Nothing was done: your workspace is not served here') : foreign(by);
    if (refusal) {
      begin(deps, one => one.last(refusal), edits);
      return undefined;
    }
    const { reply, work } = await conversation.press(stage, personOf(by), halved(action.value));
    begin(deps, one => (work ? one.progress(reply) : one.last(reply)), edits);
    begin(deps, work, edits);
    return undefined;
  }

  return {
    async receive(incoming) {
      const signed = await isSigned(incoming);
      const text = textOf(incoming.body);
      const isForm = incoming.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
      const form = new URLSearchParams(isForm ? text : '');
      // Slack looks at the certificate with it. It asks for nothing, and gets nothing.
      if (form.get('ssl_check') === '1') return undefined;
      if (!signed) {
        throw new KillswitchError('unauthenticated', 'The request does not carry a signature that holds');
      }
      if (!isForm) {
        const { data } = z
          .object({ type: z.literal('url_verification'), challenge: z.string() })
          .safeParse(parseJson(text));
        return data && { challenge: data.challenge };
      }
      const payload = form.get('payload');
      if (payload !== null) return pressed(parseJson(payload), incoming.source);
      return command(form, `${incoming.headers.get('x-slack-signature')}`, incoming.source);
    },
  };
};
