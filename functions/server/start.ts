import { realpathSync } from 'node:fs';
import { parse } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { createSealer } from '../../lib/audit/sealer.js';
import { allOf, type Config, ConfigError } from '../../lib/config/config.js';
import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import type { Log } from '../../lib/ports/runtime.js';
import { createLatchGuard } from '../../lib/reconcile/latch-guard.js';
import { createReconcile } from '../../lib/reconcile/reconcile.js';
import { createApp } from '../http/app.js';
import { nodeSources } from '../http/client-address.js';
import { openFailures } from '../http/failed-auth-limit.js';
import type { Deps, KillswitchFunction } from '../http/function.js';
import { performOn } from '../http/in-process.js';
import {
  environment,
  openAuthenticator,
  openLog,
  openMetrics,
  openNode,
  openSeals,
  openWatchdog,
} from '../node.js';
import { openNotifiers } from '../notify/open.js';
import { notifySettings } from '../notify/settings.js';
import { openExposure } from './exposure.js';
import { startHousekeeping } from './housekeeping.js';
import { leave } from './leave.js';
import { listen } from './listen.js';
import { readConfig, settingsOf } from './read-environment.js';
import type { Left } from './teardown.js';
import { listenOnSocket } from './unix-socket.js';

/** Who is started amid the engaging of the emergency stop may be seen only now. Milliseconds. */
const SECOND_LOOK = 1_000;
/** Milliseconds for all of an orderly shutdown. What it cuts off is owed, and paid after the next start. */
const LONGEST_SHUTDOWN = 30_000;
/** Milliseconds for the last lines of the log. */
const LAST_LINES = 1_000;

export interface Server {
  readonly url: string;
  readonly config: Config;
  readonly log: Log;
  /** @returns what could not be ended */
  close(): Promise<readonly Left[]>;
}

interface Options {
  readonly dev?: boolean;
  readonly log?: Log;
  /** This process does nothing else, and may be ended where its event loop stands still. */
  readonly watchdog?: true;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** What concerns platforms, and whom to tell. @throws ConfigError */
function readPlatforms(variables: Variables, functions: readonly KillswitchFunction[]) {
  const settings = settingsOf(variables);
  const [targets] = allOf([
    () => notifySettings(settings),
    ...functions.map(one => () => one.check?.(settings)),
  ]);
  return { settings, targets };
}

/**
 * Opens everything and listens.
 * @throws ConfigError; Error of node:net, such as `EADDRINUSE`; Error in one clear sentence of an adapter
 */
export async function startServer(
  functions: readonly KillswitchFunction[],
  options: Options = {},
): Promise<Server> {
  const variables = options.environment ?? environment();
  const [config, { settings, targets }] = allOf([
    () => readConfig(variables, options),
    () => readPlatforms(variables, functions),
  ]);
  const ownLog = options.log ? undefined : await openLog(config);
  const log = options.log ?? (ownLog as Log);
  if (config.unknown.length > 0)
    log.warn({ variables: config.unknown }, 'unknown variables, misspelt perhaps');
  const metrics = await openMetrics();
  const seals = await openSeals(config, { create: true });
  let follow = (_entries: readonly AuditEntry[]): void => undefined;
  const node = await openNode(config, log, {
    createKeys: true,
    onWritten(entries) {
      metrics.written(entries);
      follow(entries);
    },
  });
  const { core, cases, stop } = node;
  const closing = new AbortController();
  const close = async (): Promise<readonly Left[]> => {
    closing.abort();
    const left = await node.close(LONGEST_SHUTDOWN);
    await ownLog?.close(LAST_LINES);
    return left;
  };
  try {
    const authenticator = await openAuthenticator(config, core);
    node.defer('keys', () => authenticator.close());
    const { revocations } = authenticator;
    const housekeeping = startHousekeeping(node.expire, log);
    node.defer('housekeeping', () => housekeeping.close());
    const exposure = openExposure(config, core);
    node.defer('exposure', async () => exposure.close());
    const reconcile = createReconcile(core, cases, stop, node.hosts);
    node.defer('reconcile', () => reconcile.close());
    const notifiers = openNotifiers(targets, core, globalThis.fetch);
    const sealer = createSealer({ ...core, ...seals });
    const latchGuard = createLatchGuard({ ...core, witness: seals.latchWitness });
    const followers = [...notifiers, sealer, latchGuard];
    follow = entries => {
      latchGuard.heard(entries);
      for (const follower of followers) follower.wake();
    };
    for (const follower of followers) node.defer('notifications and seals', () => follower.close());
    const pending = new Set<Promise<void>>();
    node.defer('answers to chats', () => Promise.allSettled(pending));
    const deps: Deps = {
      core,
      stop,
      authenticator,
      probes: [
        ...node.probes,
        authenticator,
        ...(revocations ? [revocations] : []),
        ...exposure.probes,
        ...followers,
        ...(ownLog ? [ownLog] : []),
      ],
      metrics,
      notifiers: () => notifiers.map(notifier => notifier.status()),
      newId: core.newId,
      closing: closing.signal,
      perform: (actor, order) => perform(actor, order),
      settings,
      clock: core.clock,
      log,
      fetch: globalThis.fetch,
      failures: openFailures(core),
      sourceOf: nodeSources(config.trustedProxies),
      defer(work) {
        pending.add(work);
        void work.finally(() => pending.delete(work));
      },
      wake() {
        reconcile.wake();
        setTimeout(reconcile.wake, SECOND_LOOK).unref();
      },
    };
    // Not at the top: the function that was started alone is in it, and would wait for itself.
    const { api } = await import('../api.js');
    const perform = performOn(createApp(deps, api));
    const app = createApp(deps, functions);
    if (options.watchdog) await openWatchdog(config, log);
    const port = await listen(app, config);
    const listening: { close(): Promise<void> }[] = [port];
    node.defer('requests in flight', () => Promise.all(listening.map(one => one.close())));
    const socket = await listenOnSocket(app, { path: config.socket, log });
    listening.push(socket);
    const { url } = port;
    log.info({ url, ...socket.told, functions: functions.map(({ name }) => name) }, 'listening');
    for (const follower of followers) follower.start();
    reconcile.start().catch((error: unknown) => log.error({ err: error }, 'reconcile failed'));
    return { url, config, log, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a person can do about it, in one sentence; never a stack trace. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${address} is taken: stop what listens there, or set PORT.`;
  if (code === 'EACCES' && port) return `Port ${port} needs more rights: set PORT to one above 1023.`;
  return error instanceof Error ? error.message : 'It could not start.';
}

/** A terminal or a reader that is gone must not end the process. */
function ignoreBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Serves until SIGTERM or SIGINT; then ends in order, finishing every kill in flight. */
export async function main(
  functions: readonly KillswitchFunction[],
  options: { dev?: boolean; announce?: (server: Server) => void | Promise<void> } = {},
): Promise<void> {
  ignoreBrokenOutput();
  let server: Server | undefined;
  // Node does not ignore what `nohup` has it ignore; but it is left without a terminal to read from then.
  const isInTerminal = isatty(0);
  const signals: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', ...(isInTerminal ? (['SIGHUP'] as const) : [])];
  const goOn = (): void => server?.log.warn({}, 'the terminal is gone: serving goes on');
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

/** The folder of the functions, from this file as well as from a chunk of the bundle. */
const functionsFolder = (): string => realpathSync(fileURLToPath(new URL('../functions', import.meta.url)));

/** Whether the file of this function is what Node was started with. */
export function isEntry(name: string): boolean {
  const entry = process.argv[1];
  if (entry === undefined) return false;
  const { dir, name: file } = parse(realpathSync(entry));
  return file === name && dir === functionsFolder();
}
