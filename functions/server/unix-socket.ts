import { once } from 'node:events';
import { lstatSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Log } from '../../lib/ports/runtime.js';
import { type App, closeServer, connectionLimits, createServer } from './listen.js';
import { problemWithSocket } from './own-socket.js';

/** Milliseconds for the process that may listen on an existing socket to accept a connection. */
const PATIENCE = 1_000;

export interface SocketListening {
  /** Members for the log line. */
  readonly logged: { readonly socket?: string };
  close(): Promise<void>;
}

/**
 * Listens on a unix socket that only its owner may open (mode 0600; a missing directory is created with mode 0700). A
 * socket left behind by a dead process is replaced. If another process listens on it, this one serves its port only.
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
      const sentence = `The socket ${path} cannot be created (${code ?? message}): set KILLSWITCH_SOCKET to another path.`;
      throw new Error(sentence, { cause });
    }
  }
  const problem = problemWith(path);
  log.warn(
    { socket: path, ...(problem !== undefined && { problem }) },
    'another process listens on the socket: this server is reached on its port only',
  );
  return { logged: {}, close: async () => undefined };
}

/** Says why commands will not use the socket; `undefined` if there is no reason, or it cannot be checked. */
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
  // The socket is bound during the call, so it never exists with a wider mode.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await listening;
  return { logged: { socket: path }, close: () => closeServer(server) };
}

/** Whether the path can be used; removes a socket on which no process answers. */
async function isFree(path: string): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return true;
  if (!found.isSocket()) throw new Error('the path is not a socket');
  if (await isAnswered(path)) return false;
  // Another process may have bound it in the meantime, and keeps it.
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
    // A process that is too busy to accept still holds the socket.
    client.setTimeout(PATIENCE, () => answer(true));
    client.once('connect', () => answer(true));
    client.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') answer(false);
      else if (error.code === 'EAGAIN') answer(true);
      else reject(error);
    });
  });
}
