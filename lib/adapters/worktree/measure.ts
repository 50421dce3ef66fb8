import { spawn } from 'node:child_process';
import type { Directory } from './directory.js';

/**
 * What a directory takes on the disk, in bytes, by du(1) in a child; it counts a hard link once and follows no
 * symbolic one.
 * @returns `undefined` if that was not seen in time
 */
export function measure({ access }: Directory, withinMs: number): Promise<number | undefined> {
  return new Promise(resolve => {
    const child = spawn('nice', ['-n', '19', 'du', '-skx', '.'], {
      cwd: access,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
    const end = (): void => {
      clearTimeout(timer);
      const kibibytes = /^(\d+)\s/.exec(output)?.[1];
      resolve(kibibytes === undefined ? undefined : Number(kibibytes) * 1024);
    };
    child.stdout.setEncoding('latin1').on('data', chunk => {
      output += chunk;
    });
    child.once('error', end);
    child.once('close', end);
  });
}
