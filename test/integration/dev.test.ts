import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { inject, RUN_MARK } from '../services/context.js';
import { settings } from '../services/server.js';
import { temporaryDirectory } from '../services/temporary.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('is served while it is worked on: started again when a file changes', async () => {
  const checkout = temporaryDirectory();
  for (const part of ['functions', 'lib', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, part), join(checkout, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  const { PATH = '' } = process.env;
  const env = { ...settings('sqlite'), PATH, HOME: checkout, [RUN_MARK]: basename(inject('runFolder')) };
  const dev = spawn('npm', ['run', '--silent', 'dev'], {
    cwd: checkout,
    env,
    // A group of its own, so that all of it can be ended.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(dev, 'close');
  onTestFinished(async () => {
    process.kill(-(dev.pid as number), 'SIGTERM');
    await ended;
  });
  let served = 0;
  createInterface({ input: dev.stdout }).on('line', line => {
    if (line.includes('"msg":"listening"')) served++;
  });
  await expect.poll(() => served, { timeout: 60_000 }).toBe(1);
  appendFileSync(join(checkout, 'functions/health.ts'), '\n// changed\n');
  await expect.poll(() => served, { timeout: 60_000 }).toBe(2);
}, 150_000);
