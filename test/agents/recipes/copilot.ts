import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const copilot: Recipe = {
  name: 'copilot',
  package: '@github/copilot',
  version: '1.0.102',
  bin: 'copilot',
  environment: ({ url }) => ({
    COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    COPILOT_PROVIDER_API_KEY: KEY,
    COPILOT_MODEL: 'gpt-4.1',
    COPILOT_OFFLINE: 'true',
    COPILOT_AUTO_UPDATE: 'false',
  }),
  setUp({ home, repositories, mcp }) {
    put(join(home, '.copilot/config.json'), {
      trusted_folders: repositories,
      trustedFolders: repositories,
      banner: 'never',
    });
    put(join(home, '.copilot/mcp-config.json'), {
      mcpServers: { counter: { type: 'local', tools: ['*'], ...mcp } },
    });
  },
  headless: prompt => ['-p', prompt, '--allow-all', '--no-auto-update'],
  interactive: prompt => ['--allow-all', '--no-auto-update', '-i', prompt],
};
