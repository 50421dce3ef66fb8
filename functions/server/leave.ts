import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Left } from './teardown.js';

/** Milliseconds between two checks, and how many checks the last file operations get. */
const CHECK_EVERY = 50;
const CHECKS = 20;

/** A file operation or a name look-up in a libuv thread, or a worker that does not end. */
const HELD = /^(FSReq|GetAddrInfoReq|MessagePort)/;
const isBusy = (): boolean => process.getActiveResourcesInfo().some(name => HELD.test(name));

async function hangs(): Promise<boolean> {
  for (let checks = 0; checks < CHECKS && isBusy(); checks++) await delay(CHECK_EVERY);
  return isBusy();
}

const terminals = [0, 1, 2].filter(isatty);
/** On exit Node aborts with an assertion if it cannot restore the mode of a terminal. */
const isWithoutTerminal = (): boolean => !terminals.every(isatty);

/**
 * Ends the process after an orderly shutdown: with 0, or with 1 if a step of it failed. `process.exit` waits for
 * threads, and for ever if one waits for a disk that hangs; then the process kills itself with the signal.
 * @param signal the signal that ended the process; its handler must have been removed
 */
export async function leave(signal: NodeJS.Signals, left: readonly Left[]): Promise<void> {
  const late = left.filter(one => !('error' in one)).map(({ name }) => name);
  if (late.length === 0 && (await hangs())) late.push('a thread or a file operation that hangs');
  if (late.length === 0 && !isWithoutTerminal()) process.exit(left.length === 0 ? 0 : 1);
  if (late.length > 0) {
    process.stderr.write(`killswitch: ended by ${signal}; these did not end in time: ${late.join(', ')}\n`);
  }
  process.kill(process.pid, signal);
  // Reached only as PID 1 of a container, which its own signals do not kill.
  process.abort();
}
