import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const claude: Recipe = {
  name: 'claude',
  package: '@anthropic-ai/claude-code',
  version: '2.1.332',
  bin: 'claude',
  environment: ({ url }) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: KEY,
    // Without it root may not skip the questions.
    IS_SANDBOX: '1',
    // Tools of MCP servers are in each request, not behind a search.
    ENABLE_TOOL_SEARCH: 'false',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }),
  setUp({ home, repositories, mcp }) {
    const trusted = { hasTrustDialogAccepted: true, allowedTools: [] };
    put(join(home, '.claude.json'), {
      hasCompletedOnboarding: true,
      theme: 'dark',
      bypassPermissionsModeAccepted: true,
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects: Object.fromEntries(repositories.map(repository => [repository, trusted])),
      mcpServers: { counter: mcp },
    });
    put(join(home, '.claude/settings.json'), { skipDangerousModePermissionPrompt: true });
  },
  // Sockets of the daemon that serves the sessions in the background.
  outside: ({ home }) => {
    const name = createHash('sha256').update(join(home, '.claude')).digest('hex').slice(0, 8);
    return [join('/tmp', `cc-daemon-${process.getuid?.()}`, name)];
  },
  headless: prompt => ['-p', prompt, '--dangerously-skip-permissions'],
  interactive: prompt => ['--dangerously-skip-permissions', prompt],
  background: prompt => ['--bg', '--dangerously-skip-permissions', prompt],
};
