import { expect, inject } from 'vitest';
import { openDocker } from '../../lib/adapters/docker/index.js';
import type { Log } from '../../lib/ports.js';
import { engine, startContainer } from '../services/agents.js';
import { sandboxConformance } from './sandbox.js';

const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
const LEAVES_ON_TERM = "trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done";

sandboxConformance('The Docker adapter', async () => {
  const sandbox = openDocker({ host: inject('dockerHost'), log: silent });
  return {
    sandbox,
    spawn: async (agentId, { labelled = true, ignoreTerm = false } = {}) => {
      const container = await startContainer({
        agentId,
        labelled,
        processes: 3,
        ...(!ignoreTerm && { extra: { Cmd: ['sh', '-c', LEAVES_ON_TERM] } }),
      });
      const output = () => engine().getContainer(container.id).logs({ stdout: true });
      await expect.poll(async () => String(await output())).toContain('ready');
      return {
        target: { agentId, operationId: 'op', containerId: container.id },
        isRunning: async () => container.pids().length > 0,
      };
    },
    close: () => sandbox.close(),
  };
});
