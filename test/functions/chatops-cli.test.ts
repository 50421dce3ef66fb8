import { describe, expect, it } from 'vitest';
import { runCli } from '../integration/cli-run.js';
import { openReceiver } from './chatops-bench.js';

const URL_OF_SLACK = 'https://stop.example.com/chatops/slack';
const register = ['chatops', 'register', 'discord', '--application', '777'];

describe('killswitch chatops', () => {
  it('prints the manifest of the Slack app, which may do nothing but have its command', async () => {
    const { code, stdout } = await runCli(['chatops', 'manifest', 'slack', '--url', URL_OF_SLACK, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      features: { slash_commands: [{ command: '/killswitch', url: URL_OF_SLACK }] },
      oauth_config: { scopes: { bot: ['commands'] } },
      settings: { interactivity: { is_enabled: true, request_url: URL_OF_SLACK } },
    });
  });

  it('shows what it would send to Discord, and sends nothing', async () => {
    const { code, stdout } = await runCli([...register, '--json']);
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      sent: false,
      method: 'PUT',
      url: 'https://discord.com/api/v10/applications/777/commands',
    });
    expect(told.body[0].options.map(({ name }: { name: string }) => name)).toEqual([
      'kill',
      'all',
      'status',
      'latch',
      'reset',
      'help',
    ]);
    expect((await runCli(register)).stdout).toContain('Nothing was sent. Add --yes');
  });

  it('registers the command with Discord when it is told to, and says why it was not taken', async () => {
    const { url, posted } = await openReceiver([200, 401, 302]);
    const env = { KILLSWITCH_DISCORD_API: `${url}/api/v10`, KILLSWITCH_DISCORD_BOT_TOKEN: 'bot-token' };
    const done = await runCli([...register, '--guild', '33', '--yes'], env);
    expect([done.code, done.stdout]).toEqual([0, 'Registered /killswitch.\n']);
    expect(posted).toMatchObject([
      {
        method: 'PUT',
        path: '/api/v10/applications/777/guilds/33/commands',
        message: [{ name: 'killswitch' }],
      },
    ]);
    const refused = await runCli([...register, '--yes'], env);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      'killswitch: Discord refused the command: the bot token is not valid.\n',
    ]);
    expect((await runCli([...register, '--yes'], env)).code).toBe(1);
    expect(posted).toHaveLength(3);
  });

  it.each([
    ['no URL', ['chatops', 'manifest', 'slack'], "required option '--url"],
    ['plain HTTP', ['chatops', 'manifest', 'slack', '--url', 'http://stop.example.com'], 'https:// URL'],
    [
      'another platform',
      ['chatops', 'manifest', 'irc', '--url', URL_OF_SLACK],
      'The only platform here is slack',
    ],
    [
      'a bad application',
      ['chatops', 'register', 'discord', '--application', '../x'],
      'must be a numeric ID',
    ],
    ['no token', [...register, '--yes'], 'Set KILLSWITCH_DISCORD_BOT_TOKEN'],
  ])('ends with 2 for %s', async (_, args, sentence) => {
    const { code, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
