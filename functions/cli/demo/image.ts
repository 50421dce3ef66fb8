import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type Docker from 'dockerode';

const run = promisify(execFile);

/** The programs that a demo agent needs. */
const TOOLS = ['sh', 'sleep'];

/** The libraries of a program, from ldd(1); none for a static one. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path as string);
}

/** Copies this machine's tools and their libraries into a root directory, so that no registry is needed. */
async function layOut(root: string): Promise<void> {
  for (const tool of TOOLS) {
    const { stdout } = await run('sh', ['-c', `command -v ${tool}`]);
    const program = stdout.trim();
    const files = [[program, `bin/${tool}`]];
    for (const library of await librariesOf(program)) files.push([library, library]);
    for (const [from = '', to = ''] of files) {
      await mkdir(dirname(join(root, to)), { recursive: true });
      await copyFile(from, join(root, to));
    }
  }
}

/** Makes the image that the agents' containers run. */
export async function makeImage(docker: Docker, { root, tag }: { root: string; tag: string }): Promise<void> {
  await layOut(root);
  const tar = spawn('tar', ['-C', root, '--numeric-owner', '-c', '.'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(tar, 'close');
  const [repo, version] = tag.split(':');
  const answer = await text(await docker.importImage(tar.stdout, { repo, tag: version }));
  const [code] = await ended;
  if (code !== 0 || /"error"/.test(answer)) throw new Error('The image for the agents could not be built.');
}
