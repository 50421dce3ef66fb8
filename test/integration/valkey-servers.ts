import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findBinaries } from '../services/binaries.js';
import { startDaemon, stopDaemon } from '../services/daemon.js';
import { afterFile } from '../services/registry.js';
import { temporaryDirectory } from '../services/temporary.js';

export interface ServerOptions {
  readonly port?: number;
  /** Lines of the configuration file, on top of those that keep nothing. */
  readonly config?: readonly string[];
  readonly mode?: 'sentinel';
  readonly password?: string;
}

export interface Server {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly address: string;
  /** A connection of our own, to look at and change what is there. */
  readonly admin: Redis;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a Redis or Valkey of the test's own; it is stopped after the file at the latest. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const { mode, password, config = [] } = options;
  const port = options.port ?? (await freePort());
  const folder = join(temporaryDirectory(), `${port}`);
  mkdirSync(folder);
  const socket = join(folder, 'server.sock');
  const file = join(folder, 'server.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `unixsocket ${socket}`,
    `dir ${folder}`,
    'set-proc-title no',
    ...(mode === 'sentinel' ? [] : ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0']),
    ...(password === undefined ? [] : [`requirepass ${password}`]),
    ...config,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const args = mode === 'sentinel' ? [file, '--sentinel'] : [file];
  const child = await startDaemon(findBinaries(['redis']).redis, args, { socket, log: join(folder, 'log') });
  const login = password === undefined ? {} : { password };
  const admin = new Redis({ path: socket, ...login }).on('error', () => undefined);
  const stop = async (): Promise<void> => {
    admin.disconnect();
    await stopDaemon(child);
  };
  afterFile(stop);
  return { port, address: `127.0.0.1:${port}`, admin, pid: child.pid ?? 0, stop };
}
