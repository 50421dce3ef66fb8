import { printable } from './printable.js';

/** The exit codes. */
export const EXIT = { done: 0, failed: 1, usage: 2, unconfirmed: 3 } as const;

/** The command line is wrong; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const lines = (text: string): string => `${text.split('\n').map(printable).join('\n')}\n`;

/** One or more lines on standard output, safe to show. */
export function print(text: string): void {
  process.stdout.write(lines(text));
}

/** One or more lines on standard error, safe to show. */
export function warn(text: string): void {
  process.stderr.write(lines(text));
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
