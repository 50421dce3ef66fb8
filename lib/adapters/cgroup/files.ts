import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** ENODEV: the cgroup went away while its file was open. */
const GONE = new Set<unknown>(['ENOENT', 'ENODEV']);

export const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** What `access` returns, or undefined if that no longer exists. Throws when nothing is known: no permission, no descriptor. */
export function unlessGone<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch (error) {
    if (GONE.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** Like {@link unlessGone}, for what may also be out of reach. */
export function ifPossible<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}

/** Writes to a file of the kernel. It is neither created nor read: `cgroup.kill` has mode 0200. */
export function writeControl(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}
