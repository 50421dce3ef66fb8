import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS = 0o022;
const ANYONE = 0o002;
/** In a sticky directory a file can be renamed or deleted only by its owner (inode(7)). */
const STICKY = 0o1000;

const euid = (): number => process.geteuid?.() ?? 0;

function* foldersAbove(path: string): Generator<string> {
  for (let at = dirname(path); ; at = dirname(at)) {
    yield at;
    if (at === dirname(at)) return;
  }
}

/** The owner of a folder that only root can have created; `undefined` if other users could have, or it does not exist. */
export function userGivenByRoot(folder: string): number | undefined {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
  const above = [...foldersAbove(folder)].map(one => statSync(one, { throwIfNoEntry: false }));
  return above.every(stats => stats?.uid === 0 && (stats.mode & OTHERS) === 0) ? owner : undefined;
}

/** Whether it belongs to this user or root; for root also if it belongs to the user to whom root gave the directory. */
const isTrusted = ({ uid }: Stats, folder: string): boolean =>
  uid === 0 || uid === euid() || (euid() === 0 && userGivenByRoot(folder) === uid);

/** Says why a socket, by its real path, may belong to another user. @throws Error of node:fs, also if it does not exist */
export function problemWithSocket(path: string): string | undefined {
  const folder = dirname(path);
  const [socket, directory] = [lstatSync(path), statSync(folder)];
  if (!isTrusted(socket, folder)) return `it belongs to another user (${socket.uid})`;
  if (!isTrusted(directory, folder)) return `its directory belongs to another user (${directory.uid})`;
  // Some systems ignore the mode of a socket, but not that of its directory.
  if ((directory.mode & OTHERS) !== 0) return 'other users may write to its directory';
  if ((socket.mode & OTHERS) !== 0) return 'other users may write to it';
  for (const above of foldersAbove(folder)) {
    const { mode } = statSync(above);
    if ((mode & ANYONE) !== 0 && (mode & STICKY) === 0) return `any user may write to ${above}`;
  }
  return undefined;
}

/**
 * The real path of a unix socket that a credential may be sent to; `undefined` if there is none.
 * @throws Error in a clear sentence if another user may have put it there
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
    `The socket ${path} cannot be trusted: ${problem}. No credential was sent. Make it and its directory accessible to you alone (chmod 700), or name the server with --url or KILLSWITCH_URL.`,
  );
}
