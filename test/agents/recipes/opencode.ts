import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const opencode: Recipe = {
  name: 'opencode',
  package: 'opencode-ai',
  version: '1.18.33',
  bin: 'opencode',
  environment: () => ({
    OPENCODE_DISABLE_AUTOUPDATE: 'true',
    OPENCODE_DISABLE_MODELS_FETCH: 'true',
    OPENCODE_DISABLE_LSP_DOWNLOAD: 'true',
  }),
  setUp({ home, url, mcp }) {
    const folder = join(home, '.config/opencode');
    // It would install this from npm, and waits for that before its first request.
    const dependencies = { '@opencode-ai/plugin': '1.18.33' };
    put(join(folder, 'package.json'), { dependencies });
    put(join(folder, 'package-lock.json'), { lockfileVersion: 3, packages: { '': { dependencies } } });
    put(join(folder, 'node_modules/.keep'), '');
    put(join(folder, 'opencode.json'), {
      autoupdate: false,
      share: 'disabled',
      model: 'scripted/scripted-model',
      small_model: 'scripted/scripted-model',
      permission: { '*': 'allow' },
      provider: {
        scripted: {
          npm: '@ai-sdk/openai-compatible',
          name: 'scripted',
          options: { baseURL: `${url}/v1`, apiKey: KEY },
          models: {
            'scripted-model': {
              name: 'scripted',
              tool_call: true,
              limit: { context: 200_000, output: 8_000 },
            },
          },
        },
      },
      mcp: { counter: { type: 'local', command: [mcp.command, ...mcp.args], enabled: true } },
    });
  },
  headless: prompt => ['run', prompt],
  interactive: prompt => ['--prompt', prompt],
};
