import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS = 0o022;
const ANYBODY = 0o002;
/** In such a directory nobody moves away what is another's (inode(7)). */
const STICKY = 0o1000;

const euid = (): number => process.geteuid?.() ?? 0;

function* foldersAbove(path: string): Generator<string> {
  for (let at = dirname(path); ; at = dirname(at)) {
    yield at;
    if (at === dirname(at)) return;
  }
}

/** The user of a folder that root alone can have made and given away; `undefined` where others can, or there is none. */
export function userGivenByRoot(folder: string): number | undefined {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
  const above = [...foldersAbove(folder)].map(one => statSync(one, { throwIfNoEntry: false }));
  return above.every(stats => stats?.uid === 0 && (stats.mode & OTHERS) === 0) ? owner : undefined;
}

/** Ours or root's. Root itself also takes what belongs to a user of the server's own, to whom root gave the directory. */
const isTrusted = ({ uid }: Stats, folder: string): boolean =>
  uid === 0 || uid === euid() || (euid() === 0 && userGivenByRoot(folder) === uid);

/** Why a socket, by its real path, may be another user's. @throws as the file system does, also where there is none */
export function problemWithSocket(path: string): string | undefined {
  const folder = dirname(path);
  const [socket, directory] = [lstatSync(path), statSync(folder)];
  if (!isTrusted(socket, folder)) return `it belongs to another user (${socket.uid})`;
  if (!isTrusted(directory, folder)) return `its directory belongs to another user (${directory.uid})`;
  // The mode of a socket on some systems means nothing; its directory's does.
  if ((directory.mode & OTHERS) !== 0) return 'its directory may be written by others';
  if ((socket.mode & OTHERS) !== 0) return 'others may write to it';
  for (const above of foldersAbove(folder)) {
    const { mode } = statSync(above);
    if ((mode & ANYBODY) !== 0 && (mode & STICKY) === 0) return `anybody may write to ${above}`;
  }
  return undefined;
}

/**
 * The real path of a unix socket that a credential may be sent to; `undefined` if there is none.
 * @throws Error in a clear sentence if it is one that another user may have put there
 */
export function ownSocket(path: string): string | undefined {
  let real: string;
  try {
    real = realpathSync(path);
    if (!lstatSync(real).isSocket()) return undefined;
  } catch {
    return undefined;
  }
  const problem = problemWithSocket(real);
  if (problem === undefined) return real;
  throw new Error(
    `The socket ${path} is not to be trusted: ${problem}. No credential was sent. Make it and its directory yours alone (chmod 700), or name the server with --url or KILLSWITCH_URL.`,
  );
}
