import type { Finding } from '../../lib/discovery/finding.js';
import type { HostScan } from '../../lib/discovery/scan.js';
import { printable, shortened } from './printable.js';

/** A terminal's usual width. */
const WIDTH = 80;
const HEAD = ['AGENT', 'PID', 'PROCS', 'MEMORY', 'AGE', 'WORKS IN'] as const;

type Row = readonly string[];

/** One line for each finding, of at most 80 columns; `wide`: as long as it gets, with what each was known by. */
export function scanTable(findings: readonly Finding[], wide: boolean, now = Date.now()): string {
  if (findings.length === 0) return 'No agents found.';
  const rows: Row[] = [
    [...HEAD, ...(wide ? ['KNOWN BY'] : [])],
    ...findings.map(one => rowOf(one, now, wide)),
  ];
  const widths = HEAD.map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)));
  const [first = 0, ...others] = widths;
  const rest = others.slice(0, -1).reduce((sum, width) => sum + width + 2, 2);
  // The agent and where it works share what the numbers leave.
  const room = WIDTH - rest;
  const agent = wide ? first : Math.min(first, Math.max(24, room - (others.at(-1) ?? 0)));
  const folder = wide ? (others.at(-1) ?? 0) : Math.max(8, room - agent);
  return rows
    .map(row =>
      row
        .map((cell, at) => {
          if (at === 0) return shortened(cell, agent).padEnd(agent);
          if (at === HEAD.length - 1) return wide ? cell.padEnd(folder) : fromEnd(cell, folder);
          return at < HEAD.length ? cell.padEnd(widths[at] ?? 0) : cell;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function rowOf(finding: Finding, now: number, wide: boolean): Row {
  const { agentId, pid, id, kind, tree, startedAt, workingDirectory = '', evidence, untested } = finding;
  const isContainer = kind === 'docker';
  const row = [
    agentId,
    isContainer ? id.slice(0, 12) : String(pid),
    isContainer ? '-' : String(tree.processes),
    isContainer ? '-' : bytes(tree.memoryBytes),
    startedAt === undefined ? '-' : ageOf(now - Date.parse(startedAt)),
    workingDirectory,
  ];
  const known = [...evidence, ...(untested ? ['never tried on the tool itself'] : [])].join('; ');
  return (wide ? [...row, known] : row).map(printable);
}

/** The end of a path says more than its beginning. */
const fromEnd = (text: string, length: number): string =>
  text.length > length ? `…${text.slice(text.length - length + 1)}` : text;

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const amount = count / 1024 ** at;
  return `${amount < 10 && at > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[at]}`;
}

export function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

export const namesOf = ({ findings }: HostScan): readonly string[] => findings.map(({ agentId }) => agentId);

/** What to type next. */
export function nextSteps({ findings }: HostScan): readonly string[] {
  const foreign = findings.filter(({ adopted }) => !adopted);
  const untested = findings.filter(one => one.untested).map(({ detector }) => detector);
  return [
    ...(untested.length > 0
      ? [`Never tried on the tool itself: the detector of ${[...new Set(untested)].join(', ')}.`]
      : []),
    ...findings.flatMap(({ agentId, sharedWith }) =>
      sharedWith === undefined ? [] : [`${agentId} shares a process with ${sharedWith.join(', ')}.`],
    ),
    ...(foreign.length > 0
      ? ['', 'Make them agents: killswitch adopt', 'Stop them all:    killswitch kill-all --found']
      : []),
  ];
}

/** What this user could not see. */
export function unseenIn({ unread, blind }: HostScan): readonly string[] {
  const processes = unread === 1 ? '1 process' : `${unread} processes`;
  return [
    ...(unread > 0 ? [`${processes} may not be read by this user: agents among them are not shown.`] : []),
    ...blind.map(one => `${one}.`),
  ];
}
