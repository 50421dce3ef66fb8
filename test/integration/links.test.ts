import { expect, it } from 'vitest';
import { SECRET } from '../services/server.js';
import { runCli } from './cli-run.js';
import { openWorld } from './world.js';

const cli = (...args: readonly string[]) =>
  runCli(['token', ...args], { KILLSWITCH_SECRET: SECRET, KILLSWITCH_URL: 'http://stop.example/' });

it('prints a link that stops a real agent when its button is pressed, and only then', async () => {
  const world = await openWorld('sqlite');
  const { agentId, tree } = await world.processAgent();
  const { stdout } = await cli('--once', '--agent', agentId, '--link', '--url', world.url);
  const link = stdout.trim();
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/links\/[\w.-]+$/);
  expect((await fetch(link)).status).toBe(200);
  expect(tree.pids()).not.toEqual([]);
  const pressed = await fetch(link, { method: 'POST', body: new URLSearchParams() });
  expect([pressed.status, await pressed.text()]).toEqual([200, expect.stringContaining('is dead')]);
  expect(tree.pids()).toEqual([]);
  expect((await fetch(link, { method: 'POST' })).status).toBe(401);
});

it('leads where KILLSWITCH_URL says', async () => {
  expect((await cli('--once', '--agent', 'a1', '--link')).stdout).toMatch(
    /^http:\/\/stop\.example\/links\/ey/,
  );
});

it('leads to the server of the same environment where nothing else is said', async () => {
  const linkFor = async (env: Readonly<Record<string, string>>) =>
    (await runCli(['token', '--once', '--agent', 'a1', '--link'], { KILLSWITCH_SECRET: SECRET, ...env }))
      .stdout;
  expect(await linkFor({ PORT: '9000' })).toMatch(/^http:\/\/127\.0\.0\.1:9000\/links\/ey/);
  expect(await linkFor({ HOST: '::', PORT: '' })).toMatch(/^http:\/\/\[::1\]:8787\/links\/ey/);
});

it.each([
  [['--link', '--agent', 'a1'], 'A link needs --once and --agent <id>.'],
  [['--link', '--once'], 'A link needs --once and --agent <id>.'],
  [
    ['--link', '--once', '--agent', 'a1', '--scope', 'agents:kill-all'],
    'A link can only have the scope agents:kill.',
  ],
])('ends with 2 for %j', async (args, sentence) => {
  const { code, stderr } = await cli(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(sentence) });
});
