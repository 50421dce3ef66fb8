import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import { parseTextCommand } from '../../lib/triggers/text-command.js';
import { isSecret } from '../../lib/util/crypto.js';
import { parseJson } from '../../lib/util/parse-json.js';
import type { ChatAnswer } from './answers.js';
import { baseUrlSchema, urlBelow } from './base-url.js';
import { type ConfirmationToken, decodeToken, encodeToken, verifyToken } from './confirmation-token.js';
import type { PlatformContext } from './interaction.js';
import { isTooLong, mattermostMessage, mattermostUpdate } from './mattermost-message.js';
import { createMessageUpdates, noMessageUpdates, sendJson } from './message-updates.js';
import { allowSchema, idsSchema } from './permissions.js';
import { type CreatePlatform, decodeBody, type IncomingRequest, startWork } from './platform.js';
import type { Reply } from './reply.js';
import { createMembership, type Requester, requesterIn } from './requester.js';

export const settingsSchema = z.object({
  TOKENS: z
    .string()
    .transform(text => text.split(',').map(token => token.trim()))
    .refine(
      tokens => tokens.every(token => token.length >= 16),
      'must be the tokens of slash commands, separated by commas, each at least 16 characters',
    )
    .describe(
      'The tokens of the slash commands, separated by commas: of several teams, or an old and a new one.',
    ),
  URL: baseUrlSchema.describe('The URL of the Mattermost server, where answers may go.'),
  CALLBACK: baseUrlSchema
    .optional()
    .describe(
      'The URL of `/chatops/mattermost` as Mattermost reaches it. Without it `all` cannot be confirmed, and the answer says so.',
    ),
  ALLOW: allowSchema(['user', 'channel', 'team']),
  TEAMS: idsSchema.describe('The IDs of teams, separated by commas: only these are served.'),
});

/** Each is a new message: Mattermost does not let a slash command edit one. */
const MAX_PROGRESS = 1;

const pressSchema = z.looseObject({
  user_id: z.string(),
  user_name: z.string().optional(),
  channel_id: z.string(),
  team_id: z.string().default(''),
  context: z.looseObject({ ticket: z.string(), respond: z.string().optional() }),
});

const unauthenticated = () =>
  new KillswitchError(
    'unauthenticated',
    'The request has none of the tokens in KILLSWITCH_MATTERMOST_TOKENS, or its button is not valid',
  );

/**
 * A slash command of Mattermost and its buttons, both sent to `/chatops/mattermost`.
 * Sources: developers.mattermost.com/integrate/slash-commands/custom, /integrate/plugins/interactive-messages
 */
export const createMattermost: CreatePlatform = (deps, { conversation, wait }) => {
  const given = platformSettings(deps.settings, 'MATTERMOST', settingsSchema);
  if (!given) return undefined;
  const set = given;
  const { clock, log, fetch } = deps;
  const contextWith = (secrets: readonly string[]): PlatformContext => ({
    variable: 'KILLSWITCH_MATTERMOST_ALLOW',
    secrets,
    tokenProblem,
  });
  function tokenProblem(token: ConfirmationToken): string | undefined {
    if (set.CALLBACK === undefined) {
      return 'Confirmation is not set up: set KILLSWITCH_MATTERMOST_CALLBACK to the URL of /chatops/mattermost, as Mattermost reaches it';
    }
    return isTooLong(encodeToken(token))
      ? 'The selector and the reason are too long for a button in Mattermost: shorten them, and ask again'
      : undefined;
  }

  /** The valid token in the header or the form; `undefined` if there is none, or if any of them is not valid. */
  async function tokenOf(headers: Headers, form: URLSearchParams): Promise<string | undefined> {
    const header = headers.get('authorization');
    const shown = [...(header === null ? [] : [/^Token (\S+)$/.exec(header)?.[1]]), ...form.getAll('token')];
    if (shown.length === 0 || form.getAll('token').length > 1) return undefined;
    const checks = await Promise.all(
      set.TOKENS.map(async token =>
        (await Promise.all(shown.map(one => isSecret(one, token)))).every(Boolean),
      ),
    );
    return set.TOKENS[checks.indexOf(true)];
  }

  const { personOf, refusalOf } = createMembership(set, { platform: 'mattermost', noun: 'team' });

  function updatesAt(responseUrl: string | null | undefined) {
    const url = urlBelow(set.URL, responseUrl);
    if (url === undefined) return noMessageUpdates(log);
    const send = (reply: Reply) => sendJson(fetch, url, 'POST', mattermostMessage(reply));
    return createMessageUpdates(send, { wait, log, most: MAX_PROGRESS });
  }

  async function handleCommand({ headers, body, source }: IncomingRequest): Promise<ChatAnswer> {
    const form = new URLSearchParams(decodeBody(body));
    const token = await tokenOf(headers, form);
    if (token === undefined) throw unauthenticated();
    const requester = requesterIn(form, source);
    const refusal = refusalOf(requester);
    if (refusal) return mattermostMessage(refusal);
    const context = contextWith([token]);
    const trigger = form.get('trigger_id');
    const key = trigger ? `mattermost ${trigger.slice(0, 200)}` : undefined;
    const { reply, work } = await conversation.ask(
      context,
      personOf(requester),
      parseTextCommand(form.get('text') ?? ''),
      key,
    );
    startWork(deps, work, updatesAt(form.get('response_url')));
    const respond = urlBelow(set.URL, form.get('response_url'));
    return mattermostMessage(reply, set.CALLBACK === undefined ? undefined : { url: set.CALLBACK, respond });
  }

  /**
   * Only the confirmation token is signed. It was given to Mattermost alone, which shows it to no user: a request with
   * it comes from Mattermost, which names the user who pressed.
   */
  async function handlePress({ body, source }: IncomingRequest): Promise<ChatAnswer> {
    const { data } = pressSchema.safeParse(parseJson(decodeBody(body)));
    const confirmation = decodeToken(data?.context.ticket);
    if (!data || (await verifyToken(set.TOKENS, confirmation, clock.now())) === 'forged')
      throw unauthenticated();
    const { user_id: user, user_name: name, team_id: team, channel_id: channel } = data;
    const requester: Requester = { user, name, team, channel, source };
    const refusal = refusalOf(requester);
    if (refusal) return mattermostUpdate(refusal);
    const { reply, work } = await conversation.press(
      contextWith(set.TOKENS),
      personOf(requester),
      confirmation,
    );
    startWork(deps, work, updatesAt(data.context.respond));
    return mattermostUpdate(reply);
  }

  return {
    receive: incoming =>
      incoming.headers.get('content-type')?.startsWith('application/json')
        ? handlePress(incoming)
        : handleCommand(incoming),
  };
};
