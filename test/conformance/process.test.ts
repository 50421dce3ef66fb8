import { spawn } from 'node:child_process';
import { vi } from 'vitest';
import { openProcesses } from '../../lib/adapters/process/index.js';
import type { Log } from '../../lib/ports.js';
import { isAlive, startProcess, startTimeOf } from '../services/agents.js';
import { afterFile } from '../services/registry.js';
import { type LookoutWorld, lookoutConformance } from './lookout.js';
import { sandboxConformance } from './sandbox.js';

const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };

/** A process that carries no label at all. */
function startStranger(): { pid: number; startTime: string; pids(): number[] } {
  const child = spawn('sleep', ['100000'], { stdio: 'ignore', env: { PATH: process.env['PATH'] } });
  afterFile(() => {
    child.kill('SIGKILL');
  });
  const pid = child.pid ?? 0;
  const startTime = startTimeOf(pid) ?? '';
  return { pid, startTime, pids: () => (isAlive(pid, startTime) ? [pid] : []) };
}

const open = async (): Promise<LookoutWorld> => ({
  sandbox: openProcesses({ log: silent }),
  spawn: async (agentId, { labelled = true, ignoreTerm = false } = {}) => {
    const { pid, startTime, pids } = labelled ? await startProcess({ agentId, ignoreTerm }) : startStranger();
    return {
      target: { agentId, operationId: 'op', process: { pid, startTime } },
      isRunning: async () => pids().length > 0,
      end: async () => {
        for (const one of pids()) process.kill(one, 'SIGKILL');
        await vi.waitUntil(() => pids().length === 0);
      },
    };
  },
  close: async () => undefined,
});

sandboxConformance('The process adapter', open);
lookoutConformance('The process adapter', open, { tells: false });
