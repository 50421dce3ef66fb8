import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from './context.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles the program as it is shipped, once a run, unchecked, and returns its folder. */
export function build(): string {
  const folder = join(inject('runFolder'), 'dist');
  if (existsSync(folder)) return folder;
  const draft = mkdtempSync(`${folder}-`);
  execFileSync('npm', ['run', '--silent', 'bundle'], { cwd: ROOT, env: { ...process.env, DIST: draft } });
  cpSync(join(ROOT, 'package.json'), join(draft, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(draft, 'node_modules'));
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another test file was first.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true });
  }
  return folder;
}

/**
 * Copies the program, with the packages that it needs, into a folder that every user of this machine may read, as this
 * checkout need not be.
 * @returns the folder of the compiled program
 */
export function buildForOthers(folder: string): string {
  const program = join(folder, 'dist');
  const modules = join(ROOT, 'node_modules');
  cpSync(build(), program, { recursive: true, filter: path => !path.endsWith('/node_modules') });
  const listed = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const path of listed.split('\n').filter(path => path.startsWith(`${modules}/`))) {
    cpSync(path, join(program, 'node_modules', path.slice(modules.length)), { recursive: true });
  }
  chmodSync(program, 0o755);
  return program;
}
