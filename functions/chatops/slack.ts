import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { parseTextCommand } from '../../lib/triggers/text-command.js';
import { concat, fromHex, isFresh, isHmac } from '../../lib/util/crypto.js';
import { parseJson } from '../../lib/util/parse-json.js';
import type { ChatAnswer } from './answers.js';
import { baseUrlSchema, urlBelow } from './base-url.js';
import { decodeToken, encodeToken } from './confirmation-token.js';
import type { PlatformContext } from './interaction.js';
import { createMessageUpdates, noMessageUpdates, sendJson } from './message-updates.js';
import { allowSchema, idsSchema } from './permissions.js';
import {
  type CreatePlatform,
  decodeBody,
  type IncomingRequest,
  SIGNATURE_TOLERANCE,
  startWork,
  unsignedError,
} from './platform.js';
import type { Reply } from './reply.js';
import { createMembership, notServed, type Requester, requesterIn } from './requester.js';
import { isTooLong, STOP, slackMessage } from './slack-message.js';

export const settingsSchema = z.object({
  SIGNING_SECRET: z
    .string()
    .min(16, 'must be the signing secret of the app, at least 16 characters')
    .describe('The signing secret of the app.'),
  ALLOW: allowSchema(['user', 'channel', 'team']),
  TEAMS: idsSchema.describe(
    'The IDs of workspaces, separated by commas: only these are served. In a shared channel a button pressed by a member of another workspace counts only if that workspace is named here.',
  ),
  RESPONSE_ORIGIN: baseUrlSchema.default('https://hooks.slack.com').describe('Where answers may go.'),
});

/** A response URL takes 5 messages; the last one and a retry of it must be among them. */
const MAX_PROGRESS = 3;

const pressSchema = z.looseObject({
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
export const createSlack: CreatePlatform = (deps, { conversation, wait }) => {
  const given = platformSettings(deps.settings, 'SLACK', settingsSchema);
  if (!given) return undefined;
  const set = given;
  const { clock, log, fetch } = deps;
  const context: PlatformContext = {
    variable: 'KILLSWITCH_SLACK_ALLOW',
    secrets: [set.SIGNING_SECRET],
    tokenProblem: token =>
      isTooLong(encodeToken(token))
        ? 'The selector and the reason are too long for a button in Slack: shorten them, and ask again'
        : undefined,
  };

  async function isSigned({ headers, body }: IncomingRequest): Promise<boolean> {
    const timestamp = headers.get('x-slack-request-timestamp');
    const [, digits = ''] = /^v0=([0-9a-f]{64})$/.exec(headers.get('x-slack-signature') ?? '') ?? [];
    const matches = await isHmac(set.SIGNING_SECRET, concat(`v0:${timestamp}:`, body), fromHex(digits));
    return matches && isFresh(timestamp, clock.now(), SIGNATURE_TOLERANCE);
  }

  const { personOf, refusalOf } = createMembership(set, { platform: 'slack', noun: 'workspace' });

  function updatesAt(responseUrl: string | null | undefined) {
    const url = urlBelow(set.RESPONSE_ORIGIN, responseUrl);
    if (url === undefined) return noMessageUpdates(log);
    // After a slash command Slack posts each as a new message; after a press each replaces the one before.
    const send = (reply: Reply) => sendJson(fetch, url, 'POST', slackMessage(reply, true));
    return createMessageUpdates(send, { wait, log, most: MAX_PROGRESS });
  }

  async function handleCommand(
    form: URLSearchParams,
    key: string,
    source: string | undefined,
  ): Promise<ChatAnswer> {
    const requester = requesterIn(form, source);
    const refusal = refusalOf(requester);
    if (refusal) return slackMessage(refusal);
    const { reply, work } = await conversation.ask(
      context,
      personOf(requester),
      parseTextCommand(form.get('text') ?? ''),
      key,
    );
    startWork(deps, work, updatesAt(form.get('response_url')));
    return slackMessage(reply);
  }

  /** Slack ignores the body of the answer, so the first reply goes to the URL too. */
  async function handlePress(payload: unknown, source: string | undefined): Promise<undefined> {
    const { data } = pressSchema.safeParse(payload);
    const action = data?.actions.find(({ action_id }) => action_id === STOP);
    if (!data || !action) return undefined;
    const { user, team, channel, response_url } = data;
    const requester: Requester = {
      user: user.id,
      name: user.username,
      team: team?.id ?? user.team_id ?? '',
      channel: channel?.id ?? '',
      source,
    };
    const updates = updatesAt(response_url);
    // In a channel that is shared with another workspace, its members can press too.
    const home = user.team_id ?? requester.team;
    const isGuest = home !== requester.team && !set.TEAMS?.has(home);
    const refusal = isGuest ? notServed('your workspace', 'KILLSWITCH_SLACK_TEAMS') : refusalOf(requester);
    if (refusal) {
      startWork(deps, one => one.last(refusal), updates);
      return undefined;
    }
    const { reply, work } = await conversation.press(context, personOf(requester), decodeToken(action.value));
    startWork(deps, one => (work ? one.progress(reply) : one.last(reply)), updates);
    startWork(deps, work, updates);
    return undefined;
  }

  return {
    async receive(incoming) {
      const signed = await isSigned(incoming);
      const text = decodeBody(incoming.body);
      const isForm = incoming.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
      const form = new URLSearchParams(isForm ? text : '');
      // Slack checks the certificate with such a request, which asks for nothing.
      if (form.get('ssl_check') === '1') return undefined;
      if (!signed) throw unsignedError();
      if (!isForm) {
        const { data } = z
          .object({ type: z.literal('url_verification'), challenge: z.string() })
          .safeParse(parseJson(text));
        return data && { challenge: data.challenge };
      }
      const payload = form.get('payload');
      if (payload !== null) return handlePress(parseJson(payload), incoming.source);
      return handleCommand(form, `${incoming.headers.get('x-slack-signature')}`, incoming.source);
    },
  };
};
