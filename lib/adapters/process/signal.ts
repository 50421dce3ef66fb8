import { codeOf } from './files.js';
import type { Identity } from './table.js';

/** EACCES: so says a security module, such as AppArmor (kill(2) has EPERM alone). */
const isDenial = (error: unknown): boolean => codeOf(error) === 'EPERM' || codeOf(error) === 'EACCES';

/** Whether some process or thread has this PID, also one that this user may neither see nor signal. */
export function exists(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return isDenial(error);
  }
}

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
      if (isDenial(error)) denied.push(host);
      else if (codeOf(error) !== 'ESRCH') throw error;
    }
  }
  return { sent, denied };
}
