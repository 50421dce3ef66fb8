import { spawn } from 'node:child_process';
import { vi } from 'vitest';
import { createEnclosures } from '../../lib/adapters/cgroup/enclosures.js';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { createProcesses } from '../../lib/adapters/process/index.js';
import type { Log } from '../../lib/ports/runtime.js';
import { asUser, canBeUser, openElsewhere, USER } from '../integration/process-asker.helper.js';
import { isAlive, startProcess, startTimeOf } from '../services/agents.js';
import { isStill } from '../services/cgroups.js';
import { afterFile } from '../services/registry.js';
import { sandboxConformance } from './sandbox.js';
import { type ScannerWorld, scannerConformance } from './scanner.js';

const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };

/** A process that carries no label at all. */
function startStranger(user?: number): { pid: number; startTime: string; pids(): number[] } {
  const child = spawn('sleep', ['100000'], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] },
    ...(user !== undefined && { uid: user, gid: user }),
  });
  afterFile(() => {
    child.kill('SIGKILL');
  });
  const pid = child.pid ?? 0;
  const startTime = startTimeOf(pid) ?? '';
  return { pid, startTime, pids: () => (isAlive(pid, startTime) ? [pid] : []) };
}

const worldOf = (sandbox: ScannerWorld['sandbox'], user?: number): ScannerWorld => ({
  sandbox,
  spawn: async (agentId, { labelled = true, ignoreTerm = false, hidden = false } = {}) => {
    const as = hidden ? undefined : user;
    const { pid, startTime, pids } = labelled
      ? await startProcess({ agentId, ignoreTerm, user: as })
      : startStranger(as);
    return {
      target: { agentId, operationId: 'op', id: `${pid}:${startTime}` },
      isRunning: async () => pids().length > 0,
      isFrozen: async () => pids().length > 0 && pids().every(isStill),
      end: async () => {
        // The first process first: it starts another when its children are gone.
        for (const one of [pid, ...pids().filter(other => other !== pid)]) process.kill(one, 'SIGKILL');
        await vi.waitUntil(() => pids().length === 0);
      },
    };
  },
  close: async () => undefined,
});

const open = async (): Promise<ScannerWorld> => worldOf(createProcesses({ log: silent }));
sandboxConformance('The process adapter', open);
sandboxConformance('The process adapter that gives agents cgroups', async () => {
  const [kernel, enclosures] = [createCgroups(), createEnclosures({ variable: `CONFORMANCE${process.pid}` })];
  const sandbox = createProcesses({ kernel, enclosures, log: silent });
  afterFile(() => sandbox.close());
  return worldOf(sandbox);
});
scannerConformance('The process adapter', open, { tells: false });

if (canBeUser) {
  const openAsUser = async (): Promise<ScannerWorld> => worldOf(await openElsewhere(asUser), USER);
  sandboxConformance('The process adapter of an ordinary user', openAsUser, { canHide: true });
  scannerConformance('The process adapter of an ordinary user', openAsUser, { tells: false });
}
