import { expect, inject } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { openDocker } from '../../lib/adapters/docker/index.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import type { Log } from '../../lib/ports/runtime.js';
import { engine, startContainer } from '../services/agents.js';
import { isStill } from '../services/cgroups.js';
import { type SpawnOptions, sandboxConformance } from './sandbox.js';
import { type ScannerWorld, scannerConformance } from './scanner.js';

const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
const LEAVES_ON_TERM = "trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done";

async function open(options: { kernel?: Kernel } = {}): Promise<ScannerWorld> {
  const sandbox = openDocker({ host: inject('dockerHost'), log: silent, ...options });
  return {
    sandbox,
    spawn: async (agentId: string, { labelled = true, ignoreTerm = false }: SpawnOptions = {}) => {
      const container = await startContainer({
        agentId,
        labelled,
        processes: 3,
        ...(!ignoreTerm && { extra: { Cmd: ['sh', '-c', LEAVES_ON_TERM] } }),
      });
      const output = () => engine().getContainer(container.id).logs({ stdout: true });
      await expect.poll(async () => String(await output())).toContain('ready');
      return {
        target: { agentId, operationId: 'op', id: container.id },
        isRunning: async () => container.pids().length > 0,
        isFrozen: async () => container.pids().length > 0 && container.pids().every(isStill),
        end: async () => {
          await engine().getContainer(container.id).remove({ force: true });
          // Its event may come later; a list says so at once.
          await sandbox.scan();
        },
      };
    },
    close: () => sandbox.close(),
  };
}

sandboxConformance('The Docker adapter', open);
sandboxConformance('The Docker adapter with the kernel path', () => open({ kernel: createCgroups() }));
scannerConformance('The Docker adapter', open);
