import type { Log } from '../../lib/ports/runtime.js';

export interface Logged {
  readonly level: keyof Log;
  readonly entry: object;
  readonly message: string;
}

/** A log that keeps what it is told. */
export function fakeLog(): Log & { readonly lines: Logged[] } {
  const lines: Logged[] = [];
  const at =
    (level: keyof Log) =>
    (entry: object, message: string): void =>
      void lines.push({ level, entry, message });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
