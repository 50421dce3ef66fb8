import { closeSync, constants, fstatSync, openSync } from 'node:fs';

export interface Descriptor {
  readonly fd: number;
  /** Writes never block: they fail with `EAGAIN`, or go to a file. */
  readonly isPrompt: boolean;
  close(): void;
}

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
const STDOUT = 1;

const opened = (path: string, flags: number): Descriptor => {
  const fd = openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | flags, 0o600);
  return { fd, isPrompt: true, close: () => closeSync(fd) };
};

/**
 * Opens a descriptor whose writes do not wait for the reader of a pipe or for a stopped terminal. A blocked write would
 * hold one of libuv's few threads, and even keep the process from exiting.
 * The pipe or terminal is opened anew, so that other processes that share it keep their mode.
 * @param destination a descriptor that this process has, or the path of a file to append to
 * @throws Error of node:fs
 */
export function openDescriptor(destination: number | string): Descriptor {
  if (typeof destination === 'string') return opened(destination, O_APPEND | O_CREAT);
  const shared = (isPrompt: boolean): Descriptor => ({ fd: destination, isPrompt, close: () => undefined });
  const stat = fstatSync(destination);
  if (stat.isFile()) return shared(true);
  try {
    return opened(`/proc/self/fd/${destination}`, 0);
  } catch {
    // A socket, another user's pipe, or not Linux.
  }
  // Node makes a pipe or socket on standard output non-blocking on first use, and blocking again at exit.
  if (destination === STDOUT) void process.stdout;
  return shared(destination === STDOUT && (stat.isFIFO() || stat.isSocket()));
}
