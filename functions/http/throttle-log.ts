import type { Clock, Log } from '../../lib/ports/runtime.js';

const MINUTE = 60_000;
/** Lines a minute. */
const MOST = 30;

interface Window {
  readonly since: number;
  written: number;
  leftOut: number;
}

/**
 * A log for events that unauthenticated callers can cause: it writes at most `most` lines a minute for each message, so
 * that they cannot fill the disk. The first line after omitted ones has their number as `leftOut`.
 */
export function throttleLog(log: Log, clock: Pick<Clock, 'now'>, most = MOST): Log {
  /** By message; there is only a fixed number of messages. */
  const windows = new Map<string, Window>();

  function write(level: keyof Log, entry: object, message: string): void {
    const now = clock.now();
    const known = windows.get(message);
    // A clock that was set back must not prolong the window.
    const isOver = !known || now - known.since >= MINUTE || now < known.since;
    const window = isOver ? { since: now, written: 0, leftOut: known?.leftOut ?? 0 } : known;
    windows.set(message, window);
    if (window.written >= most) {
      window.leftOut++;
      return;
    }
    window.written++;
    const { leftOut } = window;
    window.leftOut = 0;
    log[level](leftOut > 0 ? { ...entry, leftOut } : entry, message);
  }

  return {
    info: (entry, message) => write('info', entry, message),
    warn: (entry, message) => write('warn', entry, message),
    error: (entry, message) => write('error', entry, message),
  };
}
