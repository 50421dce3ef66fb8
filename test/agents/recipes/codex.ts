import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { KEY, put, type Recipe } from './recipe.js';

export const codex: Recipe = {
  name: 'codex',
  package: '@openai/codex',
  version: '0.171.0',
  bin: 'codex',
  environment: () => ({ OPENAI_API_KEY: KEY }),
  setUp({ home, url, repositories, mcp }) {
    const trusted = repositories.map(path => `[projects.${JSON.stringify(path)}]\ntrust_level = "trusted"\n`);
    put(
      join(home, '.codex/config.toml'),
      `model = "gpt-5"
model_provider = "scripted"
check_for_update_on_startup = false
[analytics]
enabled = false
[feedback]
enabled = false
[features]
apps = false
plugins = false
remote_plugin = false
[model_providers.scripted]
name = "scripted"
base_url = "${url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
request_max_retries = 2
stream_max_retries = 2
[mcp_servers.counter]
command = ${JSON.stringify(mcp.command)}
args = ${JSON.stringify(mcp.args)}
${trusted.join('')}`,
    );
  },
  // Sockets of its daemons lie in a folder of all homes, and the home has links to them.
  outside: ({ home }) =>
    ['app-server-control/app-server-control.sock', 'app-server-daemon/daemon-updater.sock'].flatMap(link => {
      try {
        const target = readlinkSync(join(home, '.codex', link));
        return [target, `${target}.lock`];
      } catch {
        return [];
      }
    }),
  headless: prompt => ['exec', '--dangerously-bypass-approvals-and-sandbox', '--skip-git-repo-check', prompt],
  interactive: prompt => ['--dangerously-bypass-approvals-and-sandbox', prompt],
};
