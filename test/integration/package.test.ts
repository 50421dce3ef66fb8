import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { catalogue } from '../../functions/catalogue.js';
import { build } from '../services/build.js';
import { temporaryDirectory } from '../services/temporary.js';
import { runCli } from './cli-run.js';

it('ships a file for each function, to be started by itself', () => {
  for (const { name } of catalogue)
    expect(existsSync(join(build(), `functions/${name}.js`)), name).toBe(true);
});

it('ships the licence of every package that it has taken in', () => {
  // Each module in a bundle stands under a comment that names its file.
  const taken = readdirSync(build(), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.js') && /^(functions|lib)\//.test(file))
    .flatMap(file => [
      ...readFileSync(join(build(), file), 'utf8').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm),
    ])
    .map(([, name = '']) => name);
  const licensed = [...new Set(taken)].filter(name => existsSync(join(build(), 'licenses', name)));
  expect(licensed.sort()).toEqual([...new Set(taken)].sort());
  expect(licensed).toContain('hono');
  for (const name of licensed) expect(readdirSync(join(build(), 'licenses', name)), name).toHaveLength(1);
});

it('packs the program from a checkout that holds none', () => {
  const [checkout, out] = [temporaryDirectory(), temporaryDirectory()];
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const parts = [
    '.ci',
    'functions',
    'lib',
    'package.json',
    'tsconfig.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ];
  for (const part of parts) cpSync(join(root, part), join(checkout, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  execFileSync('npm', ['run', '--silent', 'package', '--', '--pack-destination', out], {
    cwd: checkout,
    stdio: 'ignore',
  });

  const [tarball = ''] = readdirSync(out);
  execFileSync('tar', ['-xzf', join(out, tarball), '-C', out]);
  const folder = join(out, 'package');
  for (const file of [
    'dist/functions/cli/main.js',
    'dist/lib/client/client.d.ts',
    'functions/server/install/killswitch.service',
    'dist/functions/docs/guides/runbook.md',
    'dist/functions/docs/assets/docs.css',
    'dist/functions/docs/assets/api-reference.js.gz',
    'dist/licenses/@scalar/api-reference/LICENSE',
  ])
    expect(existsSync(join(folder, file)), file).toBe(true);
  expect(readdirSync(join(folder, 'dist/lib/chunks')).filter(name => name === 'lua')).toHaveLength(1);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const main = join(folder, 'dist/functions/cli/main.js');
  expect(String(execFileSync(process.execPath, [main, '--version']))).toBe(`${version}\n`);
}, 300_000);

it('builds for an install from git, which runs no other script of the package', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const folder = temporaryDirectory();
  const prepare = (): string =>
    String(execFileSync('sh', ['-c', `npm() { echo "npm $*"; }; ${scripts.prepare}`], { cwd: folder }));
  expect(prepare()).toBe('npm run --silent build\n');
  mkdirSync(join(folder, 'dist/functions'), { recursive: true });
  expect(prepare()).toBe('');
});

it('keeps the secrets of local development out of git and out of the package', () => {
  const folder = temporaryDirectory();
  execFileSync('git', ['init', '--quiet'], { cwd: folder });
  cpSync(fileURLToPath(new URL('../../.gitignore', import.meta.url)), join(folder, '.gitignore'));
  for (const name of ['.dev.vars', '.dev.vars.production', '.env', '.env.local'])
    expect(String(execFileSync('git', ['check-ignore', name], { cwd: folder }))).toBe(`${name}\n`);
  const { files } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(files.filter((name: string) => name.startsWith('.'))).toEqual([]);
});

it('says its version on the command line', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});
