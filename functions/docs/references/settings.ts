import * as z from 'zod';
import { secretVariables } from '../../../lib/config/config.js';
import { environmentSchema } from '../../../lib/config/variables.js';
import { settingsSchema as discord } from '../../chatops/discord.js';
import { settingsSchema as mattermost } from '../../chatops/mattermost.js';
import { settingsSchema as slack } from '../../chatops/slack.js';
import { configVariable, serverVariables } from '../../cli/variables.js';
import { settingsSchema as gateway } from '../../gateway/settings.js';
import { settingsSchema as alertmanager } from '../../hooks/alertmanager.js';
import { settingsSchema as github } from '../../hooks/github.js';
import { settingsSchema as grafana } from '../../hooks/grafana.js';
import { settingsSchema as pagerduty } from '../../hooks/pagerduty.js';
import { settingsSchema as sentry } from '../../hooks/sentry.js';
import { settingsSchema as standard } from '../../hooks/standard.js';
import { targetSchema } from '../../notify/settings.js';
import { code, plain, table } from './table.js';

/** The variables of one schema. */
interface Group {
  readonly heading: string;
  readonly about: string;
  /** The prefix of the names in the schema. */
  readonly prefix?: string;
  readonly schema: z.ZodObject;
}

const platform = (heading: string, name: string, schema: z.ZodObject, about: string): Group => ({
  heading,
  about,
  schema,
  prefix: `KILLSWITCH_${name}_`,
});

const groups: readonly Group[] = [
  {
    heading: 'The server',
    about: `Read by \`killswitch serve\` and by every command with \`--local\`. ${secretVariables.map(code).join(', ')} may also be in a file that \`<name>_FILE\` names, and so may every setting of a platform below. An empty variable counts as not set.`,
    schema: environmentSchema,
  },
  platform('Webhook: Standard Webhooks', 'WEBHOOK', standard, '`POST /hooks/standard`.'),
  platform('Webhook: GitHub', 'GITHUB', github, '`POST /hooks/github`.'),
  platform(
    'Webhook: Alertmanager',
    'ALERTMANAGER',
    alertmanager,
    '`POST /hooks/alertmanager`. Needs the token, or the user and the password, that its `http_config` has.',
  ),
  platform('Webhook: Grafana', 'GRAFANA', grafana, '`POST /hooks/grafana`.'),
  platform('Webhook: PagerDuty', 'PAGERDUTY', pagerduty, '`POST /hooks/pagerduty`.'),
  platform('Webhook: Sentry', 'SENTRY', sentry, '`POST /hooks/sentry`.'),
  platform('Chat: Slack', 'SLACK', slack, '`POST /chatops/slack`.'),
  platform('Chat: Discord', 'DISCORD', discord, '`POST /chatops/discord`.'),
  platform('Chat: Mattermost', 'MATTERMOST', mattermost, '`POST /chatops/mattermost`.'),
  platform(
    'Notifications',
    'NOTIFY_<NAME>',
    targetSchema,
    'For each receiver of notifications; replace `<NAME>` by a name of your choice.',
  ),
  {
    heading: 'The edge gateway',
    about:
      'Read by the Worker, in addition to the variables of the webhooks and chats above. A Worker has no files, so `…_FILE` does not work.',
    schema: gateway,
  },
];

interface Shape {
  readonly description?: string;
  readonly default?: unknown;
  /** The default in words, if it does not come from the schema alone. */
  readonly usual?: string;
}

function defaultOf({ usual, default: preset }: Shape, schema: z.ZodType): string {
  if (usual !== undefined) return usual;
  if (!schema.safeParse(undefined).success) return 'required';
  return preset === undefined || preset === '' ? 'none' : code(String(preset));
}

/** @throws Error that names a variable without a description */
function rowOf(name: string, schema: z.ZodType): string[] {
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
  if (!shape.description) throw new Error(`${name} has no description: add one to its schema`);
  return [code(name), defaultOf(shape, schema), shape.description];
}

const section = ({ heading, about, prefix = '', schema }: Group): string[] => [
  `## ${heading}`,
  '',
  about,
  '',
  ...table(
    ['variable', 'default', 'meaning'],
    Object.entries(schema.shape).map(([name, member]) => rowOf(`${prefix}${name}`, member as z.ZodType)),
  ),
];

/** Every variable, made from the schemas that check them. */
export function settingsReference(): string {
  return [
    '# Settings reference',
    '',
    'Every environment variable with its default and its meaning, generated from the schemas that check them. Which ones to set first: [Settings](settings.md).',
    '',
    '## The command line',
    '',
    'Read by the commands, in addition to the settings of the server. `KILLSWITCH_TOKEN` may also be in a file that `KILLSWITCH_TOKEN_FILE` names.',
    '',
    ...table(
      ['variable', 'meaning'],
      [configVariable, ...serverVariables].map(({ name, meaning }) => [code(name), plain(meaning)]),
    ),
    ...groups.flatMap(section),
  ].join('\n');
}
