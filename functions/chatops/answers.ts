import * as z from 'zod';
import { answer, type Stated } from '../../lib/client/schema.js';

const slackText = answer({ type: z.literal('plain_text'), text: z.string(), emoji: z.boolean() });

const slackButton = answer({
  type: z.literal('button'),
  action_id: z.string(),
  style: z.literal('danger'),
  text: slackText,
  value: z.string(),
});

/** Source: docs.slack.dev/reference/block-kit */
const slackBlock = z.union([
  answer({ type: z.literal('section'), text: slackText }),
  answer({ type: z.literal('actions'), elements: z.array(slackButton) }),
]);

export const slackMessage = answer({
  response_type: z.enum(['in_channel', 'ephemeral']),
  replace_original: z.boolean().exactOptional(),
  text: z.string(),
  mrkdwn: z.boolean(),
  parse: z.literal('none'),
  link_names: z.boolean(),
  unfurl_links: z.boolean(),
  unfurl_media: z.boolean(),
  blocks: z.array(slackBlock),
}).describe('A message in Slack.');

const slackChallenge = answer({ challenge: z.string() }).describe('Confirms the URL to Slack.');

const discordButton = answer({
  type: z.int(),
  style: z.int(),
  label: z.string(),
  custom_id: z.string(),
});

export const discordMessage = answer({
  content: z.string(),
  embeds: z.array(answer({ footer: answer({ text: z.string() }) })),
  components: z.array(answer({ type: z.int(), components: z.array(discordButton) })),
  allowed_mentions: answer({ parse: z.array(z.string()) }),
  flags: z.int().exactOptional(),
});

const discordAnswer = answer({
  type: z.int().describe('1: confirms the URL; 4: a message; 7: replaces the message with the button.'),
  data: discordMessage.exactOptional(),
}).describe('An answer to an interaction in Discord.');

const mattermostAction = answer({
  id: z.string(),
  type: z.literal('button'),
  style: z.literal('danger'),
  name: z.string(),
  integration: answer({
    url: z.string(),
    context: answer({ ticket: z.string(), respond: z.string() }),
  }),
});

export const mattermostMessage = answer({
  response_type: z.enum(['in_channel', 'ephemeral']),
  text: z.string(),
  skip_slack_parsing: z.boolean(),
  attachments: z.array(answer({ fallback: z.string(), actions: z.array(mattermostAction) })).exactOptional(),
}).describe('A message in Mattermost.');

export const mattermostUpdate = answer({
  skip_slack_parsing: z.boolean(),
  ephemeral_text: z.string().exactOptional(),
  update: answer({ message: z.string(), props: answer({}) }).exactOptional(),
}).describe('Replaces the message whose button was pressed in Mattermost, or answers its user.');

export type SlackMessage = Stated<typeof slackMessage>;
export type DiscordMessage = Stated<typeof discordMessage>;
export type MattermostMessage = Stated<typeof mattermostMessage>;
export type MattermostUpdate = Stated<typeof mattermostUpdate>;
/** The body of an answer to a platform. */
export type ChatAnswer = Stated<typeof chatAnswer>;

export const chatAnswer = z
  .union([slackMessage, slackChallenge, discordAnswer, mattermostMessage, mattermostUpdate])
  .describe('What the chat shows, in the format of the platform.');
