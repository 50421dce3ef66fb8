import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from './cli-run.js';

/** Without an engine, a server or a state directory. */
const bare = { KILLSWITCH_SANDBOX: 'process' };

it('shows an agent that runs, without a server or settings, and as JSON and by name', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'killswitch-scan-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const main = join(root, '@github/copilot-linux-x64/copilot');
  mkdirSync(dirname(main), { recursive: true });
  copyFileSync(realpathSync('/bin/sleep'), main);
  const agent = spawn(main, ['60'], { cwd: root, stdio: 'ignore' });
  onTestFinished(() => void agent.kill('SIGKILL'));
  await once(agent, 'spawn');

  const table = await runCli(['scan'], bare);
  expect(table).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^copilot-${agent.pid}-\\d+ .*`, 'm')),
  });
  expect(table.stdout).toContain('killswitch adopt');
  expect(Math.max(...table.stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);

  const names = (await runCli(['scan', '-o', 'name'], bare)).stdout.split('\n');
  const { stdout } = await runCli(['scan', '-o', 'json'], bare);
  const { findings } = JSON.parse(stdout) as { findings: { pid: number; agentId: string }[] };
  const found = findings.find(({ pid }) => pid === agent.pid);
  expect(found).toMatchObject({ detector: 'copilot', workingDirectory: root, adopted: false });
  expect(names).toContain(found?.agentId);
  expect((await runCli(['scan', '-o', 'wide'], bare)).stdout).toContain(`executable ${main}`);
});

it('refuses a format that it does not have', async () => {
  expect(await runCli(['scan', '-o', 'xml'], bare)).toMatchObject({ code: 2, stdout: '' });
});
