import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serveInto } from '../services/outputs.js';
import { temporaryDirectory } from '../services/temporary.js';

/** What has a thread wait for ever: a write to a pipe that nothing reads. */
const hanging: Readonly<Record<string, (pipe: string) => string>> = {
  'a file operation': pipe =>
    `require('node:fs').writeFile('${pipe}', 'x'.repeat(100_000), { flag: 'r+' }, () => 0)`,
  'a worker': pipe => `
    const { Worker } = require('node:worker_threads');
    const write = "require('node:fs').writeFileSync('${pipe}', 'x'.repeat(100_000), { flag: 'r+' })";
    const worker = new Worker(write, { eval: true });
    worker.unref();
    process.once('SIGTERM', () => void worker.terminate());`,
};

it.each(Object.entries(hanging))('ends by the signal where %s never ends, and says so', async (_, hang) => {
  const directory = temporaryDirectory();
  const [hook, pipe] = [join(directory, 'hook.cjs'), join(directory, 'pipe')];
  execFileSync('mkfifo', [pipe]);
  writeFileSync(hook, `if (require('node:worker_threads').isMainThread) { ${hang(pipe)} }`);
  const { child, ended } = await serveInto({ stderr: 'pipe' }, { NODE_OPTIONS: `--require ${hook}` });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', text => {
    said += text;
  });
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
  await expect
    .poll(() => said)
    .toMatch(/^killswitch: ended by SIGTERM; these did not end in time: a thread or a file/m);
});
