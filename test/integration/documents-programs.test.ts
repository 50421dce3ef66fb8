import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { example, pages, ROOT } from '../functions/documents.helper.js';
import { startContainer, startProcess, temporaryDirectory } from '../services/agents.js';
import { build } from '../services/build.js';
import { RUN_MARK } from '../services/context.js';
import { afterFile } from '../services/registry.js';
import {
  call,
  type Environment,
  identityOf,
  settings,
  startBuiltServer,
  tokenFor,
} from '../services/server.js';
import { newHost } from './documents.helper.js';
import { openWorld } from './world.js';

/** A program in a folder that has the package installed, as it is shipped, and Hono. */
function startProgram(code: string, environment: Environment = {}) {
  const folder = temporaryDirectory();
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'killswitch'), { recursive: true });
  symlinkSync(build(), join(modules, 'killswitch/dist'));
  symlinkSync(join(ROOT, 'package.json'), join(modules, 'killswitch/package.json'));
  for (const name of ['hono', '@hono']) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  writeFileSync(join(folder, 'program.mjs'), code);
  const child = spawn(process.execPath, ['--preserve-symlinks', join(folder, 'program.mjs')], {
    env: { PATH: process.env['PATH'], [RUN_MARK]: process.env[RUN_MARK], ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  afterFile(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

it('lets a program have the emergency stop in itself, as the guide shows', async () => {
  const host = newHost();
  const environment = settings('sqlite', { PORT: '8787' });
  const code = example('deployment', 'embedded').replace('127.0.0.1', host);
  const { child, ended } = startProgram(code, environment);
  const url = `http://${host}:8787`;
  const health = async () => (await fetch(`${url}/stop/healthz`).catch(() => undefined))?.status;
  await expect.poll(health).toBe(200);
  expect(await (await fetch(url)).text()).toBe('my own program');
  const tree = await startProcess({ agentId: 'a1', variable: identityOf(environment).variable });
  expect(await call(url, 'POST', '/stop/agents/a1/kill')).toMatchObject({
    status: 200,
    body: { verified: true },
  });
  expect(tree.pids()).toEqual([]);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

it('registers and kills with the client, as the guide shows', async () => {
  const environment = settings('sqlite');
  const { url } = await startBuiltServer(environment);
  const { label } = identityOf(environment);
  const { id, pids } = await startContainer({ agentId: 'b1', label, processes: 3 });
  const given = `const token = '${await tokenFor()}', containerId = '${id}';\n`;
  const seen = "\nif (!confirmed || !receipt.verified) throw new Error('It is not confirmed');\n";
  const code = example('integrations', 'client').replace('http://127.0.0.1:8787', url);
  const { ended } = startProgram(`${given}${code}${seen}`);
  expect(await ended).toEqual([0, null]);
  expect(pids()).toEqual([]);
});

/** A value with each of its leaves as its type. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
};

it('answers in the form that the README shows', async () => {
  const shown = pages[0]?.fences.find(({ language }) => language === 'jsonc')?.text ?? '';
  const receipt = JSON.parse(shown.replaceAll(/\/\/ .*$/gm, ''));
  const world = await openWorld('sqlite');
  const { agentId } = await world.containerAgent({ worktree: true, taskId: 't1' });
  const { body } = await world.request('POST', `/agents/${agentId}/kill`);
  const byLayer = ({ outcomes, ...rest }: { outcomes: { layer: string }[] }) => ({
    ...rest,
    outcomes: [...outcomes].sort((a, b) => (a.layer < b.layer ? -1 : 1)),
  });
  expect(shapeOf(byLayer(receipt))).toEqual(shapeOf(byLayer(body)));
});
