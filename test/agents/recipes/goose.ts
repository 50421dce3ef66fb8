import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const goose: Recipe = {
  name: 'goose',
  package: '@aaif/goose',
  version: '0.20.1',
  reports: '1.34.0',
  bin: 'goose',
  environment: ({ url }) => ({
    GOOSE_PROVIDER: 'openai',
    GOOSE_MODEL: 'gpt-4.1',
    GOOSE_MODE: 'auto',
    OPENAI_HOST: url,
    OPENAI_API_KEY: KEY,
    GOOSE_DISABLE_KEYRING: '1',
    GOOSE_TELEMETRY_ENABLED: 'false',
  }),
  setUp({ home, mcp }) {
    put(
      join(home, '.config/goose/config.yaml'),
      `extensions:
  developer:
    enabled: true
    type: platform
    name: developer
    description: developer
    bundled: true
    timeout: 300
  counter:
    enabled: true
    type: stdio
    name: counter
    description: counter
    cmd: ${mcp.command}
    args: ${JSON.stringify(mcp.args)}
    timeout: 300
`,
    );
  },
  headless: prompt => ['run', '-t', prompt],

  interactive: prompt => ['run', '-s', '-t', prompt],
};
