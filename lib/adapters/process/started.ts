import { readText } from './files.js';
import type { Identity } from './table.js';

/** `USER_HZ` of the kernel's asm/param.h: the same on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Reckons when processes started, in epoch milliseconds. Their start times count from boot, and so does /proc/uptime,
 * to 10 ms; btime of /proc/stat says when that was, but in whole seconds. Where the two do not agree, as in a container
 * that is shown an uptime of its own, btime counts (proc_uptime(5), proc_stat(5)).
 */
export function startTimes(procRoot: string): (process: Identity) => number | undefined {
  const boot = bootedAt(procRoot);
  return ({ startTime }) =>
    boot === undefined ? undefined : Math.round(boot + (Number(startTime) * 1_000) / TICKS_PER_SECOND);
}

function bootedAt(procRoot: string): number | undefined {
  const seconds = /^btime (\d+)$/m.exec(readText(`${procRoot}/stat`) ?? '')?.[1];
  if (seconds === undefined) return undefined;
  const whole = Number(seconds) * 1_000;
  const exact = Date.now() - Number.parseFloat(readText(`${procRoot}/uptime`) ?? '') * 1_000;
  return Math.abs(exact - whole) < 2_000 ? exact : whole;
}
