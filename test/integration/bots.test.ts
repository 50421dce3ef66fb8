import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { example, ROOT } from '../functions/documents.helper.js';
import { temporaryDirectory } from '../services/agents.js';
import { RUN_MARK } from '../services/context.js';
import { afterFile } from '../services/registry.js';
import { tokenFor } from '../services/server.js';
import { openStoreOf } from '../services/store.js';
import { until } from './cli-run.js';
import { openWorld } from './world.js';

const environmentOf = (more: Readonly<Record<string, string>>) => ({
  PATH: process.env['PATH'] ?? '',
  [RUN_MARK]: process.env[RUN_MARK] ?? '',
  ...more,
});

/** A real Hubot with its shell, which has the script of the guide alone. */
async function startHubot(environment: Readonly<Record<string, string>>) {
  const folder = temporaryDirectory();
  mkdirSync(join(folder, 'scripts'));
  writeFileSync(join(folder, 'scripts', 'killswitch.mjs'), example('integrations', 'hubot'));
  const program = join(ROOT, 'node_modules/hubot/bin/hubot');
  const child = spawn(process.execPath, [program, '--adapter', 'Shell', '--name', 'hubot'], {
    cwd: folder,
    env: environmentOf({ HUBOT_HTTPD: 'false', HUBOT_SHELL_USER_NAME: 'octocat', ...environment }),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endAfterFile(child);
  await until(child.stdout, 'hubot> ');
  return {
    /** Says something to it, and waits for what it says to that. */
    async say(text: string, wanted: string): Promise<void> {
      const answered = until(child.stdout, wanted);
      child.stdin.write(`${text}\n`);
      await answered;
    },
  };
}

function endAfterFile(child: ChildProcess): void {
  const ended = once(child, 'exit');
  afterFile(async () => {
    child.kill('SIGKILL');
    await ended;
  });
}

async function open() {
  const world = await openWorld('sqlite');
  const token = await tokenFor(['agents:kill']);
  const killed = async (agentId: string) =>
    (await (await openStoreOf(world.environment)).entries({ agentId })).filter(
      ({ phase }) => phase === 'accepted',
    );
  return { world, killed, variables: { KILLSWITCH_URL: world.url, KILLSWITCH_TOKEN: token } };
}

it('is pulled by a real Hubot, with the script of the guide', async () => {
  const { world, variables, killed } = await open();
  const { agentId, container } = await world.containerAgent();
  const { say } = await startHubot(variables);
  await say(`hubot kill ${agentId} it leaks keys`, `Agent ${agentId} killed successfully`);
  expect(container.pids()).toEqual([]);
  expect(await killed(agentId)).toMatchObject([{ actor: 'tests', reason: 'octocat: it leaks keys' }]);
  await say(`hubot kill ${agentId}`, `Agent ${agentId} is killed`);
  await say('hubot kill nobody', 'Unknown agent nobody');
  await world.close();
  await say(`hubot kill ${agentId}`, `killswitch does not answer: ${agentId} may still run`);
});

it('is pulled by curl, with the line of the guide', async () => {
  const { world, variables, killed } = await open();
  const { agentId, container } = await world.containerAgent();
  const run = (more: Readonly<Record<string, string>>) =>
    promisify(execFile)('sh', ['-c', example('integrations', 'curl')], {
      env: environmentOf({ ...variables, ...more }),
    });
  await expect(run({ AGENT: agentId, KILLSWITCH_TOKEN: 'none' })).rejects.toMatchObject({ code: 22 });
  expect(container.pids()).not.toEqual([]);
  const { stdout } = await run({ AGENT: agentId });
  expect(JSON.parse(stdout)).toMatchObject({
    message: `Agent ${agentId} killed successfully`,
    verified: true,
  });
  expect(container.pids()).toEqual([]);
  expect(await killed(agentId)).toMatchObject([{ actor: 'tests', reason: 'over budget' }]);
  await expect(run({ AGENT: agentId })).rejects.toMatchObject({ code: 22 });
});
