import type { ProcessInfo, ProcessTable } from '../../ports/process-table.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { runPs } from './portable.js';
import { ENVIRONMENT } from './ps.js';

/** BSD, macOS and procps understand these alike. On macOS `comm` is the path of the executable. */
const TABLE = ['axww', '-o', 'pid=,ppid=,pgid=,uid=,tty=,stat=,rss=,time=,lstart=,comm='];
const COMMANDS = ['axww', '-o', 'pid=,command='];
const ROW =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\d+)\s+([\d:.-]+)\s+(\w{3} \w{3} [ \d]\d [\d:]{8} \d{4})\s+(.*)$/;
const KILOBYTE = 1024;

/**
 * Shows the processes of any Unix, by ps(1), which starts three processes. Sessions, working directories and cgroups
 * cannot be seen, and arguments that contain blanks come apart.
 */
export function createPsTable(): ProcessTable {
  return {
    async list(variables) {
      const answers = await Promise.all([runPs(TABLE), runPs(COMMANDS), runPs(ENVIRONMENT)]);
      const ours = new Set(answers.map(({ pid }) => pid));
      const [table, commands, environments] = answers.map(({ text }) => text);
      const all = parsePsTable({ table, commands, environments }, variables);
      const processes = all.filter(({ pid }) => !ours.has(pid));
      const unread = processes.filter(({ pid, isReadable }) => pid > 1 && !isReadable).length;
      return { processes, unread, self: process.pid };
    },
  };
}

interface Texts {
  readonly table?: string | undefined;
  readonly commands?: string | undefined;
  readonly environments?: string | undefined;
}

/** The environment follows the command, parted by blanks; it counts only where the command itself is the same text. */
export function parsePsTable(
  { table = '', commands = '', environments = '' }: Texts,
  variables: readonly string[],
): readonly ProcessInfo[] {
  const commandOf = byPid(commands);
  const withEnvironment = byPid(environments);
  return table.split('\n').flatMap(line => {
    const [, pid, ppid, group, uid, tty, state = '', rss, time = '', startTime = '', comm = ''] =
      ROW.exec(line) ?? [];
    if (pid === undefined || state.startsWith('Z')) return [];
    const command = commandOf.get(Number(pid)) ?? '';
    const following = withEnvironment.get(Number(pid)) ?? '';
    const isShown = command !== '' && following.startsWith(`${command} `);
    const entries = isShown ? following.slice(command.length + 1).split(' ') : [];
    return [
      omitUndefined<ProcessInfo>({
        ...{
          pid: Number(pid),
          startTime,
          parentPid: Number(ppid),
          session: 0,
          group: Number(group),
          uid: Number(uid),
        },
        startedAt: Date.parse(`${startTime} UTC`) || undefined,
        terminal: tty === undefined || /^[?-]+$/.test(tty) ? undefined : tty,
        executable: comm.startsWith('/') ? comm : undefined,
        args: command.split(' '),
        environment: Object.fromEntries(
          variables.flatMap(name => {
            const entry = entries.find(one => one.startsWith(`${name}=`));
            return entry === undefined ? [] : [[name, entry.slice(name.length + 1)]];
          }),
        ),
        isReadable: isShown,
        ...{ memoryBytes: Number(rss) * KILOBYTE, cpuMs: millisecondsOf(time) },
        state: state.startsWith('T') ? 'stopped' : /^[DU]/.test(state) ? 'stuck' : 'alive',
      }),
    ];
  });
}

const byPid = (text: string): ReadonlyMap<number, string> =>
  new Map(
    text.split('\n').map(line => {
      const [, pid, rest = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return [Number(pid), rest];
    }),
  );

/** `[[days-]hours:]minutes:seconds`, with decimals on some systems. */
function millisecondsOf(time: string): number {
  const [days, clock = time] = time.includes('-') ? time.split('-', 2) : ['0', time];
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1_000);
}
