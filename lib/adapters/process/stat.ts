import type { HostProcess } from './table.js';

/** What we use of /proc/PID/stat (proc_pid_stat(5)). */
export interface Stat {
  /** Name of the command, at most 15 bytes. */
  readonly command: string;
  readonly ppid: number;
  readonly group: number;
  readonly session: number;
  readonly kernel: boolean;
  /** Field 22, clock ticks since boot. */
  readonly startTime: string;
  readonly state: HostProcess['state'];
  /** The first thread has ended; others may go on, and then the process lives. */
  readonly zombie: boolean;
  readonly threads: number;
  /** Device number of the controlling terminal; 0: none. */
  readonly terminal: number;
  /** Processor time in clock ticks. */
  readonly ticks: number;
  /** Memory that is resident, in pages. */
  readonly pages: number;
  /** The environment is known to have no entry at all, rather than not to be there yet. */
  readonly bare: boolean;
  /**
   * Where the kernel has laid data, heap, arguments and environment: elsewhere after each exec. Undefined if that is
   * not shown.
   */
  readonly image: string | undefined;
}

/** `PF_KTHREAD` of the kernel's sched.h. */
const KERNEL_THREAD = 0x0020_0000;
/** Fields 45 to 51, after the 42 from the third on: start_data to env_end, and of these env_start and env_end. */
const PLACES = /^(?:\S+ ){42}((?:\d+ ){5}(\d+) (\d+))/;
/** Fields 3 to 24; there are many more, and they are of no use here. */
const USED = 22;
const STATES: Readonly<Record<string, HostProcess['state']>> = { T: 'stopped', t: 'stopped', D: 'stuck' };

/**
 * Reads the text of /proc/PID/stat; undefined if it is not one. The second field is the command's name in
 * parentheses, in which anything may stand, so that the last closing one ends it.
 */
export function parseStat(text: string): Stat | undefined {
  const rest = text.slice(text.lastIndexOf(')') + 2);
  const fields = rest.split(' ', USED);
  const field = (number: number): string => fields[number - 3] ?? '';
  const startTime = field(22);
  if (!/^\d+$/.test(startTime)) return undefined;
  const zombie = 'ZXx'.includes(field(3));
  const threads = Number(field(20));
  const dead = zombie && threads <= 1;
  const [, places, start = '0', end] = PLACES.exec(rest) ?? [];
  const isShown = start !== '0';
  return {
    command: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    ppid: Number(field(4)),
    group: Number(field(5)),
    session: Number(field(6)),
    kernel: (Number(field(9)) & KERNEL_THREAD) !== 0,
    startTime,
    state: dead ? 'dead' : (STATES[field(3)] ?? 'alive'),
    zombie,
    threads,
    terminal: Number(field(7)),
    ticks: Number(field(14)) + Number(field(15)),
    pages: Number(field(24)),
    bare: isShown && start === end,
    image: isShown ? places : undefined,
  };
}
