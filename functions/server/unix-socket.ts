import { once } from 'node:events';
import { lstatSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Log } from '../../lib/ports/runtime.js';
import { type App, closeServer, connectionLimits, createServer } from './listen.js';
import { problemWithSocket } from './own-socket.js';

/** Milliseconds for whoever listens on a socket that is there already. */
const PATIENCE = 1_000;

export interface SocketListening {
  /** For the log. */
  readonly told: { readonly socket?: string };
  close(): Promise<void>;
}

/**
 * Listens on a unix socket that its owner alone may open (mode 0600, in a directory of mode 0700 where it has to be
 * made). One that a dead process left behind is replaced; where another one listens, this process does without.
 * @throws Error with a sentence that says what to set
 */
export async function listenOnSocket(
  app: App,
  { path, log }: { readonly path: string; readonly log: Log },
): Promise<SocketListening> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (await isFree(path)) {
      const listening = await bind(app, path);
      const problem = problemWith(path);
      if (problem !== undefined)
        log.warn({ socket: path }, `commands will send no credential to the socket: ${problem}`);
      return listening;
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') {
      const sentence = `The socket ${path} cannot be made (${code ?? message}): set KILLSWITCH_SOCKET to another path.`;
      throw new Error(sentence, { cause });
    }
  }
  const problem = problemWith(path);
  log.warn(
    { socket: path, ...(problem !== undefined && { problem }) },
    'another process listens on the socket: this one is served on its port alone',
  );
  return { told: {}, close: async () => undefined };
}

/** Why commands will not use the socket, where that can be told. */
function problemWith(path: string): string | undefined {
  try {
    return problemWithSocket(realpathSync(path));
  } catch {
    return undefined;
  }
}

async function bind(app: App, path: string): Promise<SocketListening> {
  const marked: App = {
    fetch: (request, env, ...rest) => app.fetch(request, { ...env, bySocket: true }, ...rest),
  };
  const server = createServer(marked, connectionLimits().socket);
  const listening = once(server, 'listening');
  // It is bound within the call, so that at no moment anybody else may open it.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await listening;
  return { told: { socket: path }, close: () => closeServer(server) };
}

/** Whether the path can be taken; a socket on which nobody answers is removed for that. */
async function isFree(path: string): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return true;
  if (!found.isSocket()) throw new Error('there is something else');
  if (await isAnswered(path)) return false;
  // Whoever has bound it anew meanwhile keeps it.
  if (lstatSync(path, { throwIfNoEntry: false })?.ino !== found.ino) return false;
  rmSync(path, { force: true });
  return true;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const client = connect(path);
    const answer = (isThere: boolean): void => {
      client.destroy();
      resolve(isThere);
    };
    // One who is too busy to accept is there all the same.
    client.setTimeout(PATIENCE, () => answer(true));
    client.once('connect', () => answer(true));
    client.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') answer(false);
      else if (error.code === 'EAGAIN') answer(true);
      else reject(error);
    });
  });
}
