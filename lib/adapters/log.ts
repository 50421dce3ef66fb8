import { pino } from 'pino';
import type { Log } from '../ports.js';

export interface LogOptions {
  readonly level: string;
  /** A file descriptor or a path; standard output by default. */
  readonly destination?: number | string;
}

/**
 * JSON lines, one an entry. Written without waiting: a reader that stands still must not hold up a kill.
 * Credentials never reach it; the paths below are the second fence.
 */
export function openLog({ level, destination = 1 }: LogOptions): Log {
  const redact = [
    'authorization',
    'token',
    'secret',
    '*.authorization',
    '*.token',
    '*.secret',
    'req.headers',
  ];
  const options = { level, base: null, redact, formatters: { level: (label: string) => ({ level: label }) } };
  return pino(options, pino.destination({ dest: destination, sync: false }));
}
