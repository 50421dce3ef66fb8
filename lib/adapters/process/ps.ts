import type { HostProcess, Posture } from './table.js';

/** Arguments of ps(1) that BSD, macOS and procps understand alike; the first is in BSD's style, without a dash. */
export const TABLE = ['axww', '-o', 'pid=,ppid=,pgid=,stat=,lstart=,command='];
export const POSTURE = ['ax', '-o', 'pid=,stat=,tty='];
export const ENVIRONMENT = ['axeww', '-o', 'pid=,command='];

const ROW = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3} \w{3} [ \d]\d [\d:]{8} \d{4})\s*(.*)$/;
const STATES: Readonly<Record<string, HostProcess['state']>> = {
  Z: 'dead',
  T: 'stopped',
  D: 'stuck',
  U: 'stuck',
};
/** launchd or init, which adopts orphans, is in another session than they are; which one each is in, ps cannot say. */
const SESSION_OF_INIT = 1;
const SESSION_UNKNOWN = 0;

/**
 * Puts together what `ps` says of the processes and, in a second table, of their environments. There the environment
 * follows the command, parted by blanks; so it counts only if the command itself is exactly what the first table says,
 * and an argument that looks like the variable does not. Values that contain blanks cannot be told from two entries.
 */
export function parsePs(table: string, environments: string, variable: string): readonly HostProcess[] {
  const commands = new Map(
    environments.split('\n').map(line => {
      const [, pid, command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return [Number(pid), command];
    }),
  );
  return table.split('\n').flatMap(line => {
    const [, pid, ppid, group, state = '', startTime = '', command = ''] = ROW.exec(line) ?? [];
    if (pid === undefined) return [];
    return {
      pid: Number(pid),
      ppid: Number(ppid),
      group: Number(group),
      session: Number(pid) === 1 ? SESSION_OF_INIT : SESSION_UNKNOWN,
      startTime,
      state: STATES[state.charAt(0)] ?? 'alive',
      kernel: false,
      command: command.split(' ', 1)[0]?.replace(/^-?.*\//, ''),
      ...environmentOf(command, commands.get(Number(pid)) ?? '', variable),
    };
  });
}

/** `ps` has no word for threads: on macOS and BSD a stop holds all of a process. */
export function parsePostures(text: string): ReadonlyMap<number, Posture> {
  const rows = text.matchAll(/^ *(\d+) +(\S+) +(\S+) *$/gm);
  return new Map(
    [...rows].map(([, pid, state = '', terminal = '']) => [
      Number(pid),
      { still: state.startsWith('T'), interactive: !/^[?-]+$/.test(terminal) },
    ]),
  );
}

function environmentOf(
  command: string,
  withEnvironment: string,
  variable: string,
): Pick<HostProcess, 'environment' | 'labels'> {
  if (!withEnvironment.startsWith(`${command} `)) return { environment: 'unreadable', labels: [] };
  const name = `${variable}=`;
  const entries = withEnvironment.slice(command.length + 1).split(' ');
  const values = entries.filter(entry => entry.startsWith(name)).map(entry => entry.slice(name.length));
  return { environment: 'read', labels: values };
}
