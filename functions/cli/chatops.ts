import { type Command, InvalidArgumentError } from 'commander';
import { baseUrlSchema } from '../chatops/base-url.js';
import { discordCommand } from '../chatops/discord-command.js';
import { slackManifest } from '../chatops/slack-manifest.js';
import { print, printJson, UsageError } from './output.js';

const DISCORD_API = 'https://discord.com/api/v10';
const ANSWERS_WITHIN_MS = 10_000;

export function addChatops(program: Command): void {
  const chatops = program.command('chatops').description('set up the slash command in a chat platform');

  chatops
    .command('manifest')
    .description('print the app manifest with the slash command and its buttons')
    .argument('<platform>', 'slack', exactly('slack'))
    .requiredOption('--url <url>', 'the URL at which Slack reaches /chatops/slack', httpsUrl)
    .option('--json', 'print JSON (the only format)')
    .action((_platform: string, { url }: { url: string }) => printJson(slackManifest(url)));

  chatops
    .command('register')
    .description('register the slash command with the platform; needs KILLSWITCH_DISCORD_BOT_TOKEN')
    .argument('<platform>', 'discord', exactly('discord'))
    .requiredOption('--application <id>', 'the ID of the application', snowflake)
    .option('--guild <id>', 'in this server only, where it is available at once', snowflake)
    .option('--yes', 'send it; this replaces all commands that the application has there')
    .option('--json', 'print JSON')
    .action((_platform: string, options: RegisterOptions) => register(options));
}

interface RegisterOptions {
  readonly application: string;
  readonly guild?: string;
  readonly yes?: true;
  readonly json?: true;
}

async function register({ application, guild, yes, json }: RegisterOptions): Promise<void> {
  const { environment } = await import('../node.js');
  const { settingsOf } = await import('../server/read-environment.js');
  const settings = settingsOf(environment());
  const api = baseUrlSchema.safeParse(settings['KILLSWITCH_DISCORD_API'] ?? DISCORD_API);
  if (!api.success) throw new UsageError('KILLSWITCH_DISCORD_API must be an https:// URL.');
  const place = guild === undefined ? '' : `/guilds/${guild}`;
  const url = `${api.data}/applications/${application}${place}/commands`;
  const body = [discordCommand];
  if (!yes) {
    if (json) printJson({ sent: false, method: 'PUT', url, body });
    else print(`PUT ${url}\n${JSON.stringify(body, null, 2)}\nNothing was sent. Add --yes to send it.`);
    return;
  }
  const token = settings['KILLSWITCH_DISCORD_BOT_TOKEN'];
  if (!token) throw new UsageError('Set KILLSWITCH_DISCORD_BOT_TOKEN, or KILLSWITCH_DISCORD_BOT_TOKEN_FILE.');
  const status = await put(url, token, body);
  if (status !== 200)
    throw new Error(`Discord refused the command: ${refusedBecause[status] ?? `HTTP ${status}`}.`);
  if (json) printJson({ sent: true, method: 'PUT', url, body });
  else print(`Registered /${discordCommand.name}.`);
}

const refusedBecause: Readonly<Record<number, string>> = {
  401: 'the bot token is not valid',
  403: 'the bot is not allowed to, or is not in that server',
  404: 'no application has this ID',
  429: 'too many requests; try again later',
};

/** Follows no redirect, which would receive the token. */
async function put(url: string, token: string, body: object): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'PUT',
      headers: { authorization: `Bot ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    await response.body?.cancel();
    return response.status;
  } catch (cause) {
    throw new Error('Discord could not be reached: nothing is known to be registered. Try again.', { cause });
  }
}

const exactly = (name: string) => (text: string) => {
  if (text === name) return text;
  throw new InvalidArgumentError(`The only platform here is ${name}.`);
};

function httpsUrl(text: string): string {
  const parsed = baseUrlSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    'It must be an https:// URL, such as https://stop.example.com/chatops/slack.',
  );
}

function snowflake(text: string): string {
  if (/^\d{1,20}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a numeric ID.');
}
