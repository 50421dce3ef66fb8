import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
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
