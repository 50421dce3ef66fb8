import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { git } from '../services/agents.js';
import { temporaryDirectory } from '../services/temporary.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTS = [
  ...[
    '.ci',
    'functions',
    'lib',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    '.npmrc',
    '.gitignore',
  ],
  ...['README.md', 'LICENSE', 'CHANGELOG.md', 'wrangler.example.toml'],
];

/** Without what `npm run` hands on of the settings of this checkout, such as that no script is run. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_ignore_scripts|package_|lifecycle_)/i.test(name),
  ),
);

const run = (cwd: string, command: string, ...args: readonly string[]) =>
  promisify(execFile)(command, args, { cwd, env: environment });

/** What somebody writes who has it in a program of their own. */
const PROGRAM = `
import { Hono } from 'hono';
import { type Killswitch, killswitch } from 'killswitch';
import { createClient, type KillReceipt } from 'killswitch/client';

const { app, commandsFor, close }: Killswitch = await killswitch({ functions: ['kill', 'latch'] });
export default new Hono().mount('/stop', app.fetch);

const local = commandsFor({ kind: 'local', subject: 'me', scopes: new Set(['agents:kill']), within: {} });
const remote = createClient({ url: 'http://127.0.0.1:8787', token: 'x' });
const receipts: readonly KillReceipt[] = [
  (await local.kill('a1', { reason: 'drill' }, { idempotencyKey: 'k1' })).receipt,
  (await remote.kill('a1')).receipt,
];
console.log(receipts.map(({ verified }) => verified), (await close()).length);
`;

it('installs from git: it can be imported, has types, and its command runs', async () => {
  const [repository, folder] = [temporaryDirectory(), temporaryDirectory()];
  for (const part of PARTS) cpSync(join(ROOT, part), join(repository, part), { recursive: true });
  await git(repository, 'init', '--quiet');
  await git(repository, 'add', '--all');
  await git(
    repository,
    '-c',
    'user.name=tests',
    '-c',
    'user.email=tests@example.com',
    'commit',
    '--quiet',
    '-m',
    'x',
  );

  writeFileSync(join(folder, 'package.json'), '{"name":"own","version":"1.0.0","type":"module"}');
  await run(
    folder,
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `git+file://${repository}`,
  );
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect((await run(folder, 'npx', '--no-install', 'killswitch', '--version')).stdout).toBe(`${version}\n`);
  const names = "console.log(Object.keys(await import('killswitch')).sort().join())";
  const imported = await run(folder, process.execPath, '--input-type=module', '-e', names);
  expect(imported.stdout).toBe('ConfigError,KillswitchError,killswitch\n');
  for (const secret of ['.env', '.dev.vars', '.npmrc', 'lib', 'functions/kill.ts'])
    expect(existsSync(join(folder, 'node_modules/killswitch', secret)), secret).toBe(false);

  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--skipLibCheck',
    '--module',
    'nodenext',
  ];
  const types = ['--target', 'es2023', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  await run(
    folder,
    process.execPath,
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    ...options,
    ...types,
    'program.ts',
  );
}, 400_000);
