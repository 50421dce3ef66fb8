import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const cline: Recipe = {
  name: 'cline',
  package: 'cline',
  version: '3.0.65',
  bin: 'cline',
  environment: () => ({ CLINE_TELEMETRY_DISABLED: '1', CLINE_NO_AUTO_UPDATE: '1' }),
  setUp({ home, mcp }) {
    put(join(home, '.cline/data/settings/cline_mcp_settings.json'), { mcpServers: { counter: mcp } });
  },
  before: ({ url }) => [['auth', 'openai-compatible', '-k', KEY, '-m', 'scripted-model', '-b', `${url}/v1`]],
  headless: prompt => ['--auto-approve', 'true', prompt],
  interactive: prompt => ['-i', prompt],
};
