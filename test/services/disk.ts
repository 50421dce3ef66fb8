import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './agents.js';

/** Seconds after which a frozen disk is thawed whatever has become of the test. */
const THAWED_AFTER = 60;

export type FileSystem = 'tmpfs' | 'ext4';

/** A small disk of the test's own, mounted until the test is over. Needs root. */
export function mountDisk(fileSystem: FileSystem, megabytes = 16): string {
  const folder = temporaryDirectory();
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (fileSystem === 'tmpfs') {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk]);
  } else {
    const image = join(folder, 'image');
    execFileSync('truncate', ['-s', `${megabytes}M`, image]);
    // -m 0: nothing is kept back for root.
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
    execFileSync('mount', ['-o', 'loop', image, disk]);
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', disk]));
  return disk;
}

/** Writes until there is no room left, not even for one block. */
export function fillDisk(disk: string): void {
  const file = openSync(join(disk, 'filler'), 'w');
  for (let size = 1024 * 1024; size >= 512; ) {
    try {
      writeSync(file, Buffer.alloc(size));
    } catch {
      size /= 2;
    }
  }
  closeSync(file);
}

/** Lets nothing be written until it is thawed: whoever tries waits, and no signal ends that. */
export function freezeDisk(disk: string): { thaw(): void } {
  const thaw = (): void => {
    watchdog.kill();
    try {
      execFileSync('fsfreeze', ['--unfreeze', disk], { stdio: 'ignore' });
    } catch {
      // It is thawed already.
    }
  };
  const script = `sleep ${THAWED_AFTER}; exec fsfreeze --unfreeze "$0"`;
  const watchdog = spawn('sh', ['-c', script, disk], { stdio: 'ignore', detached: true });
  execFileSync('fsfreeze', ['--freeze', disk]);
  onTestFinished(thaw);
  return { thaw };
}
