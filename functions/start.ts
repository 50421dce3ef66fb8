import { realpathSync } from 'node:fs';
import { parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allOf, type Config, ConfigError } from '../lib/config.js';
import type { Log } from '../lib/ports.js';
import { createReconcile } from '../lib/reconcile.js';
import { createSealer } from '../lib/sealer.js';
import { createApp } from './app.js';
import { readConfig, settingsOf } from './environment.js';
import { openFailures } from './failures.js';
import type { Deps, KillswitchFunction } from './function.js';
import { startHousekeeping } from './housekeeping.js';
import { environment, openAuthenticator, openLog, openMetrics, openNode, openSeals } from './node.js';
import { openNotifiers } from './notify/open.js';
import { notifySettings } from './notify/settings.js';
import { performOn } from './perform.js';
import { listen } from './server.js';
import { listenOnSocket } from './socket.js';
import { nodeSources } from './source.js';

/** Who is started amid the engaging of the emergency stop may be seen only now. Milliseconds. */
const SECOND_LOOK = 1_000;

export interface Server {
  readonly url: string;
  readonly config: Config;
  close(): Promise<void>;
}

interface Options {
  readonly dev?: boolean;
  readonly log?: Log;
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
  const log = options.log ?? (await openLog(config));
  if (config.unknown.length > 0)
    log.warn({ variables: config.unknown }, 'unknown variables, misspelt perhaps');
  const metrics = await openMetrics();
  const seals = await openSeals(config, { create: true });
  let wakeFollowers = (): void => undefined;
  const node = await openNode(config, log, {
    onWritten(entries) {
      metrics.written(entries);
      wakeFollowers();
    },
  });
  const { core, cases, stop } = node;
  const closing = new AbortController();
  const endings: (() => Promise<unknown>)[] = [() => node.close()];
  /** The last one opened goes first. */
  const close = async (): Promise<void> => {
    closing.abort();
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const authenticator = await openAuthenticator(config, core);
    endings.push(() => authenticator.close());
    const { revocations } = authenticator;
    const housekeeping = startHousekeeping(node.expire, log);
    endings.push(async () => housekeeping.close());
    const reconcile = createReconcile(core, cases, stop);
    endings.push(() => reconcile.close());
    const notifiers = openNotifiers(targets, core, globalThis.fetch);
    const sealer = createSealer({ ...core, ...seals });
    const followers = [...notifiers, sealer];
    wakeFollowers = () => {
      for (const follower of followers) follower.wake();
    };
    endings.push(() => Promise.all(followers.map(follower => follower.close())));
    const pending = new Set<Promise<void>>();
    endings.push(() => Promise.all(pending));
    const deps: Deps = {
      core,
      stop,
      authenticator,
      probes: [...node.probes, authenticator, ...(revocations ? [revocations] : []), ...followers],
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
    const { api } = await import('./api.js');
    const perform = performOn(createApp(deps, api));
    const app = createApp(deps, functions);
    const port = await listen(app, config);
    const listening: { close(): Promise<void> }[] = [port];
    endings.push(() => Promise.all(listening.map(one => one.close())));
    const socket = await listenOnSocket(app, { path: config.socket, log });
    listening.push(socket);
    const { url } = port;
    log.info({ url, ...socket.told, functions: functions.map(({ name }) => name) }, 'listening');
    for (const follower of followers) follower.start();
    reconcile.start().catch((error: unknown) => log.error({ err: error }, 'reconcile failed'));
    return { url, config, close };
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

/** Serves until SIGTERM or SIGINT; then ends in order, finishing every kill in flight. */
export async function main(
  functions: readonly KillswitchFunction[],
  options: { dev?: boolean; announce?: (server: Server) => void | Promise<void> } = {},
): Promise<void> {
  try {
    const server = await startServer(functions, options);
    await options.announce?.(server);
    const end = (): void => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, end);
      void server.close().then(() => process.exit(0));
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
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
