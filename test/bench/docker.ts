import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { engine } from '../services/containers.js';
import { inject } from '../services/context.js';
import type { BenchAgent } from './agents.js';

const run = promisify(execFile);

/** The command, as a person would type it. */
export const docker = (...args: readonly string[]): Promise<unknown> =>
  run('docker', args, { env: { ...process.env, DOCKER_HOST: inject('dockerHost') }, maxBuffer: 1 << 24 });

export const idsOf = (agents: readonly BenchAgent[]): string[] => agents.map(({ container }) => container.id);

const ATTEMPTS = 20;
const PAUSE_MS = 100;

const isGone = (error: { statusCode?: number }): boolean =>
  error.statusCode === 404 || error.statusCode === 409;

/** Takes away what is left, outside of what is measured. */
export async function removeAll(agents: readonly BenchAgent[]): Promise<void> {
  for (const id of idsOf(agents)) await remove(id, ATTEMPTS);
}

/** An engine that has not noticed yet that a container is dead wants to kill it, and fails at that. */
async function remove(id: string, attempts: number): Promise<void> {
  try {
    await engine().getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    if (isGone(error as { statusCode?: number })) return;
    if (attempts === 1) throw error;
    await delay(PAUSE_MS);
    await remove(id, attempts - 1);
  }
}
