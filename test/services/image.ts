import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { engineAt } from './engine.js';

/** Lays out the image's root: busybox, a link for each of its applets, and the usual directories. */
export function layOutImage(busybox: string, folder: string): string {
  const root = join(folder, 'image');
  for (const name of ['bin', 'etc', 'root', 'tmp', 'work']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync(busybox, join(root, 'bin', 'busybox'));
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n');
  for (const applet of applets.filter(name => name !== '' && name !== 'busybox')) {
    symlinkSync('busybox', join(root, 'bin', applet));
  }
  return root;
}

/** Imports a root directory into the engine as an image, with no registry in between. */
export async function importImage(dockerHost: string, root: string, image: string): Promise<void> {
  const [repo, tag] = image.split(':');
  const tar = spawn('tar', ['-C', root, '--numeric-owner', '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(tar, 'exit');
  const answer = await engineAt(dockerHost).importImage(tar.stdout, { repo, tag });
  answer.resume();
  await finished(answer, { writable: false });
  const [code] = await ended;
  if (code !== 0) throw new Error(`tar ended with ${code} while the image ${image} was made.`);
}
