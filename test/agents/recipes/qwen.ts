import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const qwen: Recipe = {
  name: 'qwen',
  package: '@qwen-code/qwen-code',
  version: '0.24.4',
  bin: 'qwen',
  environment: ({ url }) => ({
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_MODEL: 'scripted-model',
  }),
  setUp({ home, mcp }) {
    put(join(home, '.qwen/settings.json'), {
      security: { auth: { selectedType: 'openai' } },
      general: { disableAutoUpdate: true, enableAutoUpdate: false, disableUpdateNag: true },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      // Tools of MCP servers are in each request, not behind a search.
      tools: { toolSearch: { enabled: false } },
      mcpServers: { counter: mcp },
    });
  },
  headless: prompt => ['-p', prompt, '--yolo'],
  interactive: prompt => ['--yolo', '-i', prompt],
};
