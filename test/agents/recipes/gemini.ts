import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const gemini: Recipe = {
  name: 'gemini',
  package: '@google/gemini-cli',
  version: '0.61.0',
  bin: 'gemini',
  environment: ({ url }) => ({
    GEMINI_API_KEY: KEY,
    GOOGLE_GEMINI_BASE_URL: url,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
  }),
  setUp({ home, mcp }) {
    put(join(home, '.gemini/settings.json'), {
      security: { auth: { selectedType: 'gemini-api-key' } },
      general: {
        enableAutoUpdate: false,
        enableAutoUpdateNotification: false,
        disableAutoUpdate: true,
        disableUpdateNag: true,
      },
      privacy: { usageStatisticsEnabled: false },
      model: { name: 'gemini-2.5-flash' },
      mcpServers: { counter: mcp },
    });
  },
  headless: prompt => ['-p', prompt, '--yolo'],
  interactive: prompt => ['--yolo', '-i', prompt],
};
