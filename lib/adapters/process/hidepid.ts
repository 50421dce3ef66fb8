import { readText } from './files.js';

/** Bit of CAP_SYS_PTRACE in the capability sets (capabilities(7)). */
const SYS_PTRACE = 19n;
const HIDDEN = 'the processes of other users are hidden from this one (hidepid of /proc)';

/** What /proc leaves out of its list of processes for us: `hidepid` and `gid` among its mount options (proc(5)). */
export function concealment(procRoot: string): string | undefined {
  const { hidepid, gid } = optionsOf(procRoot);
  const invisible = hidepid === '2' || hidepid === 'invisible';
  const ptraceable = hidepid === '4' || hidepid === 'ptraceable';
  if ((!invisible && !ptraceable) || mayTrace(procRoot)) return undefined;
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  return invisible && groups.includes(Number(gid ?? 0)) ? undefined : HIDDEN;
}

/** The last line counts where something was mounted on top. */
function optionsOf(procRoot: string): Readonly<Record<string, string>> {
  const lines = (readText(`${procRoot}/self/mountinfo`) ?? '').split('\n');
  const line = lines.findLast(one => one.split(' ')[4] === procRoot && / - proc /.test(one));
  const options = line?.slice(line.lastIndexOf(' ') + 1).split(',') ?? [];
  return Object.fromEntries(options.map(option => option.split('=', 2)));
}

function mayTrace(procRoot: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText(`${procRoot}/self/status`) ?? '')?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> SYS_PTRACE) & 1n) === 1n;
}
