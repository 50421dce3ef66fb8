import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone, writeControl } from './files.js';

/**
 * Version 2. The kernel kills the whole subtree at once, also what is being forked or frozen (cgroup-v2.rst,
 * `cgroup.kill`; Linux 5.14). A cgroup that is gone has nothing left to kill.
 */
export function killUnified(directory: string): void {
  unlessGone(() => writeControl(join(directory, 'cgroup.kill'), '1'));
}

/** `populated 0`: no live process in the cgroup nor below it. Zombies do not count. */
export function isUnifiedEmpty(directory: string): boolean {
  const events = unlessGone(() => readFileSync(join(directory, 'cgroup.events'), 'utf8'));
  return events === undefined || /^populated 0$/m.test(events);
}
