import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { engine } from '../services/containers.js';
import { inject } from '../services/context.js';
import type { BenchAgent } from './agents.js';

const run = promisify(execFile);

/** The command, as a person would type it. */
export const docker = (...args: readonly string[]): Promise<unknown> =>
  run('docker', args, { env: { ...process.env, DOCKER_HOST: inject('dockerHost') }, maxBuffer: 1 << 24 });

export const idsOf = (agents: readonly BenchAgent[]): string[] => agents.map(({ container }) => container.id);

const isGone = (error: { statusCode?: number }): boolean =>
  error.statusCode === 404 || error.statusCode === 409;

/** Takes away what is left, outside of what is measured. */
export async function removeAll(agents: readonly BenchAgent[]): Promise<void> {
  for (const id of idsOf(agents)) {
    const gone = (error: unknown): void => {
      if (!isGone(error as { statusCode?: number })) throw error;
    };
    await engine().getContainer(id).remove({ force: true, v: true }).catch(gone);
  }
}
