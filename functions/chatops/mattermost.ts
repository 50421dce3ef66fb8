import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import { parseTextCommand } from '../../lib/triggers/text-command.js';
import { isSecret } from '../../lib/util/crypto.js';
import { parseJson } from '../../lib/util/parse-json.js';
import type { Stage } from './acknowledge.js';
import type { ChatAnswer } from './answers.js';
import { baseUrlSchema, urlBelow } from './base-url.js';
import { halved, joined, type Sealed, unseal } from './confirmation-token.js';
import { isTooLong, mattermostMessage, mattermostUpdate } from './mattermost-message.js';
import { nowhere, openEdits, sendJson } from './message-updates.js';
import { allowSchema, idsSchema } from './permissions.js';
import { begin, type Incoming, type OpenPlatform, textOf } from './platform.js';
import type { Reply } from './reply.js';
import { openMembers, type Whom, whomIn } from './requester.js';

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
      'The URL of `/chatops/mattermost` as Mattermost reaches it. Without it nothing can be confirmed with a button, and the answer says so.',
    ),
  ALLOW: allowSchema(['user', 'channel', 'team']),
  TEAMS: idsSchema.describe('The IDs of teams, separated by commas: only these are served.'),
});

/** Each message is a new one: Mattermost edits none from outside. */
const BEFORE_THE_LAST = 1;

const pressSchema = z.looseObject({
  user_id: z.string(),
  user_name: z.string().optional(),
  channel_id: z.string(),
  team_id: z.string().default(''),
  context: z.looseObject({ ticket: z.string(), respond: z.string().optional() }),
});

const refused = () => new KillswitchError('unauthenticated', 'The request does not carry a token that holds');

/**
 * A slash command of Mattermost and its buttons, both sent to this one URL.
 * Sources: developers.mattermost.com/integrate/slash-commands/custom, /integrate/plugins/interactive-messages
 */
export const openMattermost: OpenPlatform = (deps, { conversation, wait }) => {
  const given = platformSettings(deps.settings, 'MATTERMOST', settingsSchema);
  if (!given) return undefined;
  const set = given;
  const { clock, log, fetch } = deps;
  const stageWith = (secrets: readonly string[]): Stage => ({
    variable: 'KILLSWITCH_MATTERMOST_ALLOW',
    secrets,
    refuses,
  });
  function refuses(sealed: Sealed): string | undefined {
    if (set.CALLBACK === undefined) {
      return 'Confirming is not set up: set KILLSWITCH_MATTERMOST_CALLBACK to the URL of /chatops/mattermost, as Mattermost reaches it';
    }
    return isTooLong(joined(sealed))
      ? 'The selector and the reason are too long for a button in Mattermost: shorten them, and ask again'
      : undefined;
  }

  /** The token that was shown, in the header or in the form: where it is in both, it is the same. */
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

  const { personOf, foreign } = openMembers(set, { platform: 'mattermost', noun: 'team' });

  function editsAt(responseUrl: string | null | undefined) {
    const url = urlBelow(set.URL, responseUrl);
    if (url === undefined) return nowhere(log);
    const send = (reply: Reply) => sendJson(fetch, url, 'POST', mattermostMessage(reply));
    return openEdits(send, { wait, log, most: BEFORE_THE_LAST });
  }

  async function command({ headers, body, source }: Incoming): Promise<ChatAnswer> {
    const form = new URLSearchParams(textOf(body));
    const token = await tokenOf(headers, form);
    if (token === undefined) throw refused();
    const by = whomIn(form, source);
    const refusal = foreign(by);
    if (refusal) return mattermostMessage(refusal);
    const stage = stageWith([token]);
    const trigger = form.get('trigger_id');
    const key = trigger ? `mattermost ${trigger.slice(0, 200)}` : undefined;
    const { reply, work } = await conversation.ask(
      stage,
      personOf(by),
      parseTextCommand(form.get('text') ?? ''),
      key,
    );
    begin(deps, work, editsAt(form.get('response_url')));
    const respond = urlBelow(set.URL, form.get('response_url'));
    return mattermostMessage(reply, set.CALLBACK === undefined ? undefined : { url: set.CALLBACK, respond });
  }

  /**
   * Nothing of it is signed but the ticket, which we gave to Mattermost alone: who has it is Mattermost, and may say
   * who pressed.
   */
  async function pressed({ body, source }: Incoming): Promise<ChatAnswer> {
    const { data } = pressSchema.safeParse(parseJson(textOf(body)));
    const sealed = halved(data?.context.ticket);
    if (!data || (await unseal(set.TOKENS, sealed, clock.now())) === 'forged') throw refused();
    const { user_id: user, user_name: name, team_id: team, channel_id: channel } = data;
    const by: Whom = { user, name, team, channel, source };
    const refusal = foreign(by);
    if (refusal) return mattermostUpdate(refusal);
    const { reply, work } = await conversation.press(stageWith(set.TOKENS), personOf(by), sealed);
    begin(deps, work, editsAt(data.context.respond));
    return mattermostUpdate(reply);
  }

  return {
    receive: incoming =>
      incoming.headers.get('content-type')?.startsWith('application/json')
        ? pressed(incoming)
        : command(incoming),
  };
};
