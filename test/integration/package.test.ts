import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import { build } from '../services/build.js';
import { runCli } from './cli-run.js';

it('ships a file for each function, to be started by itself', () => {
  for (const { name } of catalogue)
    expect(existsSync(join(build(), `functions/${name}.js`)), name).toBe(true);
});

it('ships the licence of every package that it has taken in', () => {
  // Each module in a bundle stands under a comment that names its file.
  const taken = readdirSync(build(), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.js') && !file.startsWith('node_modules'))
    .flatMap(file => [
      ...readFileSync(join(build(), file), 'utf8').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm),
    ])
    .map(([, name = '']) => name);
  const licensed = [...new Set(taken)].filter(name => existsSync(join(build(), 'licenses', name)));
  expect(licensed.sort()).toEqual([...new Set(taken)].sort());
  expect(licensed).toContain('hono');
  for (const name of licensed) expect(readdirSync(join(build(), 'licenses', name)), name).toHaveLength(1);
});

it('says its version on the command line', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});
