import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Left } from './teardown.js';

/** Milliseconds between two looks, and how many of them the last file operations get. */
const LOOK = 50;
const LOOKS = 20;

/** A file operation or a look-up of a name in a thread of libuv, or a worker that is to end and does not. */
const HELD = /^(FSReq|GetAddrInfoReq|MessagePort)/;
const isBusy = (): boolean => process.getActiveResourcesInfo().some(name => HELD.test(name));

async function hangs(): Promise<boolean> {
  for (let looks = 0; looks < LOOKS && isBusy(); looks++) await delay(LOOK);
  return isBusy();
}

const terminals = [0, 1, 2].filter(isatty);
/** Node ends with an assertion where it cannot give a terminal back the mode that it had. */
const isWithoutTerminal = (): boolean => !terminals.every(isatty);

/**
 * Ends the process after an orderly shutdown: with 0, or with 1 if a step of it failed. `process.exit` waits for
 * threads, for ever where one of them waits for a disk that hangs. Then the signal that asked for the end ends it.
 * @param signal which has no handler any more
 */
export async function leave(signal: NodeJS.Signals, left: readonly Left[]): Promise<void> {
  const late = left.filter(one => !('error' in one)).map(({ name }) => name);
  if (late.length === 0 && (await hangs())) late.push('a thread or a file operation that hangs');
  if (late.length === 0 && !isWithoutTerminal()) process.exit(left.length === 0 ? 0 : 1);
  if (late.length > 0) {
    process.stderr.write(`killswitch: ended by ${signal}, with this left behind: ${late.join(', ')}\n`);
  }
  process.kill(process.pid, signal);
  // Only the first process of a container comes here: it is spared by the signals that it sends itself.
  process.abort();
}
