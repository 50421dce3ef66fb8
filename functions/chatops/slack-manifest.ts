/**
 * The manifest of the Slack app: one slash command, its buttons, and no more rights than that.
 * Source: docs.slack.dev/reference/app-manifest
 * @param url of `/chatops/slack`, as Slack reaches it
 */
export const slackManifest = (url: string) => ({
  _metadata: { major_version: 2, minor_version: 1 },
  display_information: {
    name: 'killswitch',
    description: 'The emergency stop for AI coding agents',
    background_color: '#8b0000',
  },
  features: {
    bot_user: { display_name: 'killswitch', always_online: true },
    slash_commands: [
      {
        command: '/killswitch',
        url,
        description: 'Stop AI coding agents',
        usage_hint: 'kill <id> [reason] | all [selector] | status | latch | reset <reason>',
        should_escape: false,
      },
    ],
  },
  oauth_config: { scopes: { bot: ['commands'] } },
  settings: {
    interactivity: { is_enabled: true, request_url: url },
    org_deploy_enabled: false,
    socket_mode_enabled: false,
    token_rotation_enabled: false,
  },
});
