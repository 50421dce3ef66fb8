import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import { concat, fromHex, isEd25519, isFresh } from '../../lib/util/crypto.js';
import { parseJson } from '../../lib/util/parse-json.js';
import type { ChatAnswer } from './answers.js';
import { baseUrlSchema } from './base-url.js';
import { commandOf } from './discord-command.js';
import { discordMessage, isTooLong, tokenIn } from './discord-message.js';
import type { Person, PlatformContext } from './interaction.js';
import { createMessageUpdates, sendJson } from './message-updates.js';
import { allowSchema, idsSchema, scopesOf } from './permissions.js';
import {
  type CreatePlatform,
  decodeBody,
  type IncomingRequest,
  SIGNATURE_TOLERANCE,
  startWork,
  unsignedError,
} from './platform.js';
import type { Reply } from './reply.js';
import { notServed } from './requester.js';

const DISCORD_API = 'https://discord.com/api/v10';

export const settingsSchema = z.object({
  PUBLIC_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be the public key of the app, 64 hexadecimal digits')
    .describe('The public key of the app, 64 hexadecimal digits.'),
  TICKET_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters, such as from: openssl rand -base64 32')
    .describe(
      'At least 32 random characters of your own, to sign the button with: Discord provides no secret for that.',
    ),
  ALLOW: allowSchema(['user', 'channel', 'guild', 'role']),
  GUILDS: idsSchema.describe('The IDs of servers, separated by commas: only these are served.'),
  API: baseUrlSchema.default(DISCORD_API).describe('Where answers go.'),
  BOT_TOKEN: z
    .string()
    .optional()
    .describe('The token of the bot; only the command `chatops register` reads it.'),
});

/** Types of discord.com/developers/docs/interactions/receiving-and-responding */
const PING = 1;
const COMMAND = 2;
const COMPONENT = 3;
const MESSAGE = 4;
const UPDATE = 7;

/** Far below the platform's limits; fewer are easier to read. */
const MAX_PROGRESS = 10;

const user = z.looseObject({ id: z.string(), username: z.string().optional() });
const interactionSchema = z.looseObject({
  id: z.string(),
  type: z.number(),
  application_id: z.string().regex(/^\d{1,20}$/),
  token: z.string().min(1),
  guild_id: z.string().optional(),
  channel_id: z.string().optional(),
  member: z.looseObject({ user, roles: z.array(z.string()).default([]) }).optional(),
  user: user.optional(),
  data: z.looseObject({ custom_id: z.string().optional() }).optional(),
  message: z
    .looseObject({
      embeds: z.array(z.looseObject({ footer: z.looseObject({ text: z.string() }).optional() })).default([]),
    })
    .optional(),
});
type Interaction = z.infer<typeof interactionSchema>;

/** Interactions of a Discord app: its slash command and its buttons. */
export const createDiscord: CreatePlatform = (deps, { conversation, wait }) => {
  const given = platformSettings(deps.settings, 'DISCORD', settingsSchema);
  if (!given) return undefined;
  const set = given;
  const { clock, log, fetch } = deps;
  const context: PlatformContext = {
    variable: 'KILLSWITCH_DISCORD_ALLOW',
    secrets: [set.TICKET_SECRET],
    tokenProblem: token =>
      isTooLong(token)
        ? 'The selector and the reason are too long for a button in Discord: shorten them, and ask again'
        : undefined,
  };

  /** Discord's documentation sets no limit to the age of a request; this one is ours. */
  async function isSigned({ headers, body }: IncomingRequest): Promise<boolean> {
    const timestamp = headers.get('x-signature-timestamp');
    const signature = fromHex(headers.get('x-signature-ed25519') ?? '');
    const key = fromHex(set.PUBLIC_KEY) ?? new Uint8Array();
    const matches = await isEd25519(key, concat(`${timestamp}`, body), signature);
    return matches && isFresh(timestamp, clock.now(), SIGNATURE_TOLERANCE);
  }

  function personOf(interaction: Interaction, source: string | undefined): Person {
    const { guild_id, channel_id, member, user: directUser } = interaction;
    const { id = '', username } = member?.user ?? directUser ?? {};
    const identities = {
      user: [id],
      channel: channel_id === undefined ? [] : [channel_id],
      guild: guild_id === undefined ? [] : [guild_id],
      role: member?.roles ?? [],
    };
    return {
      subject: `discord:${guild_id ?? 'direct'}:${id}`,
      name: username === undefined ? id : `${username} (${id})`,
      scopes: scopesOf(set.ALLOW, identities),
      rule: `user:${id}`,
      source,
    };
  }

  function updatesOf({ application_id, token }: Interaction) {
    // encodeURIComponent throws on a lone surrogate, and the command would be lost.
    const path = encodeURIComponent(token.replace(/\p{Surrogate}/gu, '\ufffd'));
    const url = `${set.API}/webhooks/${application_id}/${path}/messages/@original`;
    const send = (reply: Reply) => sendJson(fetch, url, 'PATCH', discordMessage(reply));
    return createMessageUpdates(send, { wait, log, most: MAX_PROGRESS });
  }

  const asMessage = (reply: Reply) => ({ type: MESSAGE, data: discordMessage(reply) });

  async function answerTo(interaction: Interaction, source: string | undefined): Promise<ChatAnswer> {
    const { id, type, data, message, guild_id } = interaction;
    if (set.GUILDS && !set.GUILDS.has(guild_id ?? '')) {
      return asMessage(notServed('this server', 'KILLSWITCH_DISCORD_GUILDS'));
    }
    const person = personOf(interaction, source);
    if (type === COMMAND) {
      const { reply, work } = await conversation.ask(context, person, commandOf(data), id);
      startWork(deps, work, updatesOf(interaction));
      return asMessage(reply);
    }
    const token = tokenIn(data?.custom_id ?? '', message?.embeds[0]?.footer?.text);
    const { reply, work } = await conversation.press(context, person, token);
    startWork(deps, work, updatesOf(interaction));
    // A reply to the asker alone leaves the message and its button as they are.
    return reply.to === 'asker' ? asMessage(reply) : { type: UPDATE, data: discordMessage(reply) };
  }

  return {
    async receive(incoming) {
      if (!(await isSigned(incoming))) throw unsignedError();
      const json = parseJson(decodeBody(incoming.body));
      if (z.looseObject({ type: z.literal(PING) }).safeParse(json).success) return { type: PING };
      const { data: interaction } = interactionSchema.safeParse(json);
      if (!interaction || (interaction.type !== COMMAND && interaction.type !== COMPONENT)) {
        throw new KillswitchError(
          'invalid_request',
          'Interactions are a ping, a slash command or a button; this is none of them',
        );
      }
      return answerTo(interaction, incoming.source);
    },
  };
};
