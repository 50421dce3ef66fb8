import { execFile } from 'node:child_process';
import { coalesce } from './coalesce.js';
import { ENVIRONMENT, POSTURE, parsePostures, parsePs, TABLE } from './ps.js';
import { exists, signalEach } from './signal.js';
import { createSnapshot, type HostProcess, identity, type ProcessTable } from './table.js';

/** The zone is fixed, because the text of a start time must not change with the season. */
const ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The process table of any Unix, from ps(1). A start time is the text that `LC_ALL=C TZ=UTC ps -o lstart= -p PID`
 * prints, without blanks around it; it has a resolution of one second. Sessions cannot be seen.
 */
export function createPortable({ variable }: { readonly variable: string }): ProcessTable {
  const look = async (): Promise<readonly HostProcess[]> => {
    const [table, environments] = await Promise.all([runPs(TABLE), runPs(ENVIRONMENT)]);
    const ours = new Set([table.pid, environments.pid]);
    return parsePs(table.text, environments.text, variable).filter(({ pid }) => !ours.has(pid));
  };
  return {
    snapshot: coalesce(async () => createSnapshot(await look())),
    async signal(processes, signal) {
      if (processes.length === 0) return { sent: 0, denied: [] };
      const now = new Set((await look()).map(identity));
      return signalEach(processes, signal, process => now.has(identity(process)));
    },
    async postures(processes) {
      const pids = new Set(processes.map(({ pid }) => pid));
      return new Map([...parsePostures((await runPs(POSTURE)).text)].filter(([pid]) => pids.has(pid)));
    },
    freezeTree: () => [],
    see: () => undefined,
    startTimes:
      () =>
      ({ startTime }) =>
        Date.parse(`${startTime} UTC`) || undefined,
    programOf: ({ command = '' }) => ({ executable: command, called: command }),
    cgroupsOf: () => undefined,
    concealed: () => undefined,
    exists,
    isElsewhere: () => false,
    name: 'by ps',
  };
}

/** Runs ps(1) in the C locale and in UTC. */
export function runPs(
  args: readonly string[],
): Promise<{ readonly pid: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const options = { env: ENV, timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES };
    const child = execFile('ps', args, options, (error, text) => {
      if (error) reject(error);
      else resolve({ pid: child.pid, text });
    });
  });
}
