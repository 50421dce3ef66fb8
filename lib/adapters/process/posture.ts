import { readBytes, readThreads } from './files.js';
import { parseStat, type Stat } from './stat.js';
import type { Posture } from './table.js';

/** @param directory of a process in proc(5). Undefined once it is gone, or if it may not be read */
export function postureOf(directory: string): Posture | undefined {
  const stat = statIn(directory);
  if (stat === undefined || stat.state === 'dead') return undefined;
  const threads = readThreads(`${directory}/task`).flatMap(
    thread => statIn(`${directory}/task/${thread}`) ?? [],
  );
  const alive = threads.filter(({ zombie }) => !zombie);
  const still = alive.length > 0 && alive.every(({ state }) => state === 'stopped');
  return { interactive: stat.terminal !== 0, still };
}

function statIn(directory: string): Stat | undefined {
  const bytes = readBytes(`${directory}/stat`);
  return typeof bytes === 'string' ? undefined : parseStat(bytes.toString('latin1'));
}
