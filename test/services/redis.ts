import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { startDaemon, stopDaemon } from './daemon.js';
import type { Service } from './service.js';

const ATTEMPTS = 5;

/** Starts a Redis or Valkey that keeps nothing, on a port of its own. */
export async function startRedis(file: string, folder: string, attempt = 1): Promise<Service> {
  const port = await freePort();
  const socket = join(folder, 'redis.sock');
  const options = {
    '--port': `${port}`,
    '--bind': '127.0.0.1',
    '--unixsocket': socket,
    '--dir': folder,
    '--save': '',
    '--appendonly': 'no',
    // Its title would hide the folder by which the reaper knows it.
    '--set-proc-title': 'no',
  };
  try {
    // The socket is opened after the port, so whoever answers there also owns the port.
    const child = await startDaemon(file, Object.entries(options).flat(), {
      socket,
      log: join(folder, 'redis.log'),
    });
    return { url: `redis://127.0.0.1:${port}`, pid: child.pid ?? null, stop: () => stopDaemon(child) };
  } catch (error) {
    // Another program may have taken the port since it was found free.
    if (attempt >= ATTEMPTS) throw error;
    return startRedis(file, folder, attempt + 1);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
