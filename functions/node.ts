import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { uuidv7 } from 'uuidv7';
import { openDocker } from '../lib/adapters/docker/index.js';
import { mintToken } from '../lib/adapters/jose/mint.js';
import { openTokens } from '../lib/adapters/jose/tokens.js';
import { openLog } from '../lib/adapters/log.js';
import { openProcesses } from '../lib/adapters/process/index.js';
import { openSqlite } from '../lib/adapters/sqlite/index.js';
import { openValkey } from '../lib/adapters/valkey/index.js';
import { openWorktrees } from '../lib/adapters/worktree/index.js';
import { type Config, ConfigError } from '../lib/config.js';
import { type Core, defaultLimits } from '../lib/core.js';
import type { Clock, Log, Sandbox } from '../lib/ports.js';
import { remember } from '../lib/remember.js';
import { createStop } from '../lib/stop.js';
import { createApp } from './app.js';
import { readConfig } from './environment.js';
import type { Deps, KillswitchFunction } from './function.js';
import { listen } from './server.js';

/** The composition root for Node: it alone reads the environment and knows the adapters. */

/** How often what outlived its time in the quarantine is deleted. */
const HOUSEKEEPING_MS = 10 * 60_000;

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export const environment = (): Readonly<Record<string, string | undefined>> => process.env;

function openStore({ store, stateDirectory, keyPrefix }: Config, log: Log) {
  return store.kind === 'sqlite'
    ? openSqlite({ path: join(stateDirectory, 'state.db'), clock })
    : openValkey({ url: store.url, keyPrefix, log });
}

/** Everything of one process, wired. `close` ends it in order: first the work in flight, then the connections. */
export interface Node {
  readonly deps: Deps;
  close(): Promise<void>;
}

export async function openNode(config: Config, log: Log): Promise<Node> {
  const { docker, agentLabel: label, requireLabel, worktreeRoots: roots, quarantineTtlMs: ttlMs } = config;
  const { hostId } = config;
  const store = await openStore(config, log);
  const { records } = store;
  const engine = config.sandboxes.docker ? [openDocker({ ...docker, label, requireLabel, log })] : [];
  const processes = config.sandboxes.process ? [openProcesses({ log })] : [];
  const sandboxes: Sandbox[] = [...engine, ...processes];
  const worktrees = await openWorktrees({ roots, ttlMs, hostId, clock, log });
  const expire = (): void => {
    worktrees.expire().catch((error: unknown) => log.error({ err: error }, 'the quarantine was not emptied'));
  };
  const { secret, jwks, audience, issuer } = config;
  const authenticator = await openTokens({
    ...(secret !== undefined && { secret }),
    ...(jwks && { jwks }),
    ...(issuer !== undefined && { issuer }),
    audience,
    remember: (id, ttlSeconds) => remember(records, id, ttlSeconds),
    clock,
    log,
  });
  const limits = { ...defaultLimits, cleanupMs: config.cleanupTimeoutMs };
  const core: Core = { hostId, records, audit: store.audit, sandboxes, worktrees, clock, log, limits };
  const stop = createStop(core);
  const probes = [store, ...sandboxes, worktrees, authenticator];
  const housekeeping = setInterval(expire, HOUSEKEEPING_MS).unref();
  expire();
  return {
    deps: { core, stop, authenticator, probes, newId: uuidv7 },
    async close() {
      clearInterval(housekeeping);
      await stop.idle();
      await Promise.all([authenticator, worktrees, ...engine].map(one => one.close()));
      await store.close();
    },
  };
}

export interface Server {
  readonly url: string;
  readonly config: Config;
  close(): Promise<void>;
}

/**
 * Opens everything and listens.
 * @throws ConfigError; Error of node:net, such as `EADDRINUSE`; Error in one clear sentence of an adapter
 */
export async function startServer(
  functions: readonly KillswitchFunction[],
  options: { dev?: boolean; log?: Log; environment?: Readonly<Record<string, string | undefined>> } = {},
): Promise<Server> {
  const config = readConfig(options.environment ?? environment(), options);
  const log = options.log ?? openLog({ level: config.logLevel });
  if (config.unknown.length > 0)
    log.warn({ variables: config.unknown }, 'unknown variables, misspelt perhaps');
  const node = await openNode(config, log);
  try {
    const listening = await listen(createApp(node.deps, functions), config);
    log.info({ url: listening.url, functions: functions.map(({ name }) => name) }, 'listening');
    return {
      url: listening.url,
      config,
      async close() {
        await listening.close();
        await node.close();
      },
    };
  } catch (error) {
    await node.close();
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

/** Whether the module at `url` is what Node was started with. */
export function isEntry(url: string): boolean {
  const entry = process.argv[1];
  return entry !== undefined && realpathSync(entry) === realpathSync(fileURLToPath(url));
}

export { mintToken };
