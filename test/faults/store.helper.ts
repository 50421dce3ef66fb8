import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Server, startServer } from '../integration/valkey-servers.js';
import { temporaryDirectory } from '../services/agents.js';
import { type Environment, type ServerProcess, startBuiltServer } from '../services/server.js';
import { openScene, type Scene } from './scene.helper.js';

/** A scene whose Valkey is its own and keeps what it was told, with a server on it. */
export interface StoreScene extends Scene {
  readonly server: ServerProcess;
  readonly valkey: () => Server;
  /** Starts Valkey again after it was stopped, with what it knew or with nothing. */
  restart(knowing: 'data' | 'nothing'): Promise<void>;
  /** Intents on this host's disk. */
  journal(): string[];
}

export async function openStoreScene(more: Environment = {}): Promise<StoreScene> {
  const port = await freePort();
  const folder = temporaryDirectory();
  const config = [`dir ${folder}`, 'appendonly yes', 'appendfsync always'];
  let valkey = await startServer({ port, config });
  const scene = await openScene('valkey', { KILLSWITCH_STORE: `redis://${valkey.address}`, ...more });
  const journal = join(scene.environment['KILLSWITCH_STATE_DIR'] ?? '', 'journal');
  return {
    ...scene,
    server: await startBuiltServer(scene.environment),
    valkey: () => valkey,
    async restart(knowing) {
      if (knowing === 'nothing') rmSync(join(folder, 'appendonlydir'), { recursive: true });
      valkey = await startServer({ port, config });
    },
    journal() {
      try {
        return readdirSync(journal).filter(name => name.endsWith('.json'));
      } catch {
        return [];
      }
    },
  };
}

export interface Fault {
  readonly title: string;
  strike(scene: StoreScene): Promise<unknown>;
  mend(scene: StoreScene): Promise<unknown>;
}

/** Whoever wrote meanwhile has written when it hears again. */
export const deafToWrites: Fault = {
  title: 'deaf to writes',
  strike: ({ valkey }) => valkey().admin.call('client', 'pause', '600000', 'write'),
  mend: ({ valkey }) => valkey().admin.call('client', 'unpause'),
};

export const faults: readonly Fault[] = [
  {
    title: 'stopped',
    strike: ({ valkey }) => valkey().stop(),
    mend: scene => scene.restart('data'),
  },
  {
    title: 'frozen',
    strike: async ({ valkey }) => process.kill(valkey().pid, 'SIGSTOP'),
    mend: async ({ valkey }) => process.kill(valkey().pid, 'SIGCONT'),
  },
  deafToWrites,
];
