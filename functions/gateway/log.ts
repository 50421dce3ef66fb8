import { KillswitchError } from '../../lib/domain/errors.js';
import type { Log } from '../../lib/ports/runtime.js';

/** The type and message of an error, without its cause and stack, which may hold secrets. */
const shownError = (error: unknown): object =>
  error instanceof Error
    ? {
        type: error.name,
        message: error.message,
        ...(error instanceof KillswitchError && { code: error.code }),
      }
    : { type: typeof error };

const line = (level: string, { err, ...entry }: { readonly err?: unknown }, msg: string): string =>
  JSON.stringify({ level, ...entry, ...(err !== undefined && { err: shownError(err) }), msg });

/** JSON lines on the console, where Workers Logs reads them. */
export const consoleLog: Log = {
  info: (entry, message) => console.info(line('info', entry, message)),
  warn: (entry, message) => console.warn(line('warn', entry, message)),
  error: (entry, message) => console.error(line('error', entry, message)),
};
