import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** Shows `source` at `at` as well, until the test is over; a bind mount has the device number of its source. */
export function bindMount(source: string, at: string): () => void {
  mkdirSync(at, { recursive: true });
  execFileSync('mount', ['--bind', source, at]);
  let mounted = true;
  const unmount = (): void => {
    if (mounted) execFileSync('umount', [at]);
    mounted = false;
  };
  onTestFinished(unmount);
  return unmount;
}
