import { codeOf } from './files.js';
import type { Identity } from './table.js';

/**
 * Signals those of which `isSame` says, right before, that they still are who they were. Node has no pidfd, so that
 * some microseconds remain in which a PID could be given anew.
 */
export function signalEach<P extends Identity>(
  processes: readonly P[],
  signal: NodeJS.Signals,
  isSame: (process: P) => boolean,
): { readonly sent: number; readonly denied: readonly P[] } {
  const denied: P[] = [];
  let sent = 0;
  for (const host of processes) {
    if (host.pid <= 1 || host.pid === process.pid || !isSame(host)) continue;
    try {
      process.kill(host.pid, signal);
      sent += 1;
    } catch (error) {
      if (codeOf(error) === 'EPERM') denied.push(host);
      else if (codeOf(error) !== 'ESRCH') throw error;
    }
  }
  return { sent, denied };
}
