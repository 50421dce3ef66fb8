import { realpathSync } from 'node:fs';
import { devNull } from 'node:os';
import { parse } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../lib/config/config.js';
import { ConfigError } from '../../lib/config/config-error.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { KillswitchFunction } from '../http/function.js';
import { openLog, openWatchdog } from '../node.js';
import { leave } from './leave.js';
import { listen } from './listen.js';
import { openService, type ServiceOptions } from './open-service.js';
import { createRehearsals } from './rehearse.js';
import type { Left } from './teardown.js';
import { listenOnSocket } from './unix-socket.js';

export interface Server {
  readonly url: string;
  readonly config: Config;
  readonly log: Log;
  /** Shuts down in order. @returns what could not be ended */
  close(): Promise<readonly Left[]>;
}

interface Options extends ServiceOptions {
  /** This process does nothing else, so it may be ended when its event loop is blocked. */
  readonly watchdog?: true;
}

/**
 * Opens everything and listens.
 * @throws ConfigError; Error of node:net, such as `EADDRINUSE`; Error in one clear sentence of an adapter
 */
export async function startServer(
  functions: readonly KillswitchFunction[],
  options: Options = {},
): Promise<Server> {
  const { config, log, deps, app, defer, start, close } = await openService(functions, options);
  try {
    if (options.watchdog) await openWatchdog(config, log);
    const port = await listen(app, config);
    const listening: { close(): Promise<void> }[] = [port];
    defer('requests in flight', () => Promise.all(listening.map(one => one.close())));
    const socket = await listenOnSocket(app, { path: config.socket, log });
    listening.push(socket);
    const { url } = port;
    log.info({ url, ...socket.logged, functions: functions.map(({ name }) => name) }, 'listening');
    start();
    if (options.watchdog) {
      // The first match builds the router, and V8 compiles an expression only when it is used again.
      for (let left = 3; left > 0; left--) app.router.match('POST', '/agents/a/kill');
      const unkept = await openLog(config, devNull);
      const rehearsals = createRehearsals(deps, functions, config, unkept);
      defer('rehearsals', async () => {
        await rehearsals.close();
        await unkept.close(0);
      });
      rehearsals.start();
    }
    return { url, config, log, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is wrong and what to do about it, in one sentence; never a stack trace. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is in use: stop the program that listens there, or set PORT.`;
  if (code === 'EACCES' && port) return `Port ${port} needs more rights: set PORT to one above 1023.`;
  return error instanceof Error ? error.message : 'The server could not start.';
}

/** A closed terminal or pipe must not end the process. */
function ignoreBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Serves until SIGTERM or SIGINT; then shuts down in order, finishing every kill in flight. */
export async function main(
  functions: readonly KillswitchFunction[],
  options: { dev?: boolean; announce?: (server: Server) => void | Promise<void> } = {},
): Promise<void> {
  ignoreBrokenOutput();
  let server: Server | undefined;
  // Node does not inherit that `nohup` ignores SIGHUP, but under `nohup` standard input is not a terminal.
  const isInTerminal = isatty(0);
  const signals: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', ...(isInTerminal ? (['SIGHUP'] as const) : [])];
  const goOn = (): void => server?.log.warn({}, 'the terminal was closed; the server keeps running');
  if (!isInTerminal) process.on('SIGHUP', goOn);
  try {
    server = await startServer(functions, { ...options, watchdog: true });
    const { close } = server;
    const end = (signal: NodeJS.Signals): void => {
      for (const name of signals) process.off(name, end);
      void close().then(left => leave(signal, left));
    };
    for (const name of signals) process.on(name, end);
    await options.announce?.(server);
  } catch (error) {
    process.stderr.write(`killswitch: ${sentenceOf(error)}\n`);
    process.exitCode = 1;
    process.exit();
  }
}

/** The folder of the functions; the path is right both from this file and from a chunk of the bundle. */
const functionsFolder = (): string =>
  realpathSync(fileURLToPath(new URL('../../functions', import.meta.url)));

/** Whether the file of this function is what Node was started with. */
export function isEntry(name: string): boolean {
  const entry = process.argv[1];
  if (entry === undefined) return false;
  const { dir, name: file } = parse(realpathSync(entry));
  return file === name && dir === functionsFolder();
}
