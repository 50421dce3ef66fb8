import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startTimeOf } from '../services/proc.js';
import { afterFile } from '../services/registry.js';

/** Sees deaths in the process table, from a process of its own. */
export interface Watch {
  /**
   * @returns when these processes run no more, by the machine's clock, in milliseconds: late by at most 0.3 ms, or by
   * as long as the processor was not to be had
   * @throws Error if one of them has ended before, or still runs after a minute
   */
  deaths(pids: readonly number[]): Promise<{ readonly seen: Promise<number> }>;
}

export type Watched = readonly (readonly [pid: number, startTime: string])[];
export type WatcherMessage =
  | { readonly watching: true }
  | { readonly diedAt: number }
  | { readonly left: number };

export async function openWatch(): Promise<Watch> {
  const child = fork(fileURLToPath(new URL('watcher.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  afterFile(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return {
    async deaths(pids) {
      const watched: Watched = pids.map(pid => [pid, startTimeOf(pid) ?? '']);
      if (watched.length === 0 || watched.some(([, startTime]) => startTime === ''))
        throw new Error('An agent ended before it was to be killed.');
      const watching = told(child);
      child.send(watched);
      await watching;
      const seen = told(child).then(message => {
        if ('diedAt' in message) return message.diedAt;
        throw new Error('An agent still runs after a minute.');
      });
      // Awaited only once the kill was asked for.
      seen.catch(() => undefined);
      return { seen };
    },
  };
}

async function told(child: ChildProcess): Promise<WatcherMessage> {
  const [message] = await once(child, 'message');
  return message as WatcherMessage;
}
