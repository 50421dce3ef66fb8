import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { put, type Recipe } from './recipes/recipe.js';

const run = promisify(execFile);

/** Where tools stay installed from one run to the next; it may be removed at any time between two. */
export const CACHE = join(realpathSync(tmpdir()), 'killswitch-agents-cache');

const folderOf = ({ name, version }: Recipe): string => join(CACHE, `${name}-${version}`);

/** The program of an installed tool. */
export const programOf = (recipe: Recipe): string =>
  join(folderOf(recipe), 'node_modules', '.bin', recipe.bin);

/** The variables that npm and the tools need, with a home that is not the user's. */
const environment = (home: string) => ({
  ...process.env,
  HOME: home,
  TMPDIR: home,
  npm_config_userconfig: process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc'),
  npm_config_cache: process.env['npm_config_cache'] ?? join(homedir(), '.npm'),
});

/** Whatever the project's own settings are: those two tools that ask for a newer Node run on this one too. */
const OPTIONS = [
  ...['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'],
  ...['--ignore-scripts=false', '--engine-strict=false'],
];

/**
 * Installs a tool from npm, unless an earlier run has: that exact version and, as a user gets it, with what its install
 * scripts do. It is whole once it has its name in the cache.
 *
 * @returns how long that took, in ms; 0 if it was there.
 */
export async function install(recipe: Recipe): Promise<number> {
  const folder = folderOf(recipe);
  if (existsSync(folder)) return 0;
  const start = performance.now();
  put(
    join(CACHE, 'README'),
    'Command lines of coding agents, for the tests of killswitch. May be removed.\n',
  );
  const draft = mkdtempSync(join(CACHE, '.draft-'));
  try {
    put(join(draft, 'package.json'), { private: true });
    const home = join(draft, 'home');
    put(join(home, 'README'), 'Home of the install scripts.\n');
    const spec = `${recipe.package}@${recipe.version}`;
    const env = environment(home);
    await run('npm', ['install', '--prefix', draft, ...OPTIONS, spec], { cwd: draft, env });
    const program = join(draft, 'node_modules', '.bin', recipe.bin);
    const { stdout } = await run(program, ['--version'], { cwd: draft, env });
    const expected = recipe.reports ?? recipe.version;
    if (!stdout.includes(expected))
      throw new Error(`${spec} is not whole: asked for its version it said "${stdout.trim()}".`);
    await rm(home, { recursive: true });
    renameSync(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another run may have been quicker.
    if (!existsSync(folder)) throw error;
  }
  return performance.now() - start;
}
