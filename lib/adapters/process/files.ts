import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

/** An environment that is larger is not one that exec made (6 MiB at most, execve(2)). */
const LARGEST = 8 * 1024 * 1024;
const SCARCE = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
const GONE = new Set(['ENOENT', 'ESRCH']);

export const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

let buffer = Buffer.allocUnsafeSlow(128 * 1024);

/**
 * A file of /proc, valid until the next call; `gone` with its process, or `denied` to us. Throws when *we* are short
 * of something, because then nothing is known of the process. Synchronous: the kernel answers from memory, and a busy
 * thread pool must not delay a stop.
 * @param isList of many lines or numbers: the kernel gives no more than a page of those at a time
 */
export function readBytes(path: string, isList = false): Buffer | 'gone' | 'denied' {
  return unlessOutOfReach(() => {
    const file = openSync(path, 'r');
    try {
      let length = readSync(file, buffer, 0, buffer.length, null);
      for (let more = length; length < LARGEST && more > 0 && (isList || length === buffer.length); ) {
        if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
        more = readSync(file, buffer, length, buffer.length - length, null);
        length += more;
      }
      return buffer.subarray(0, length);
    } finally {
      closeSync(file);
    }
  });
}

export function readText(path: string): string | undefined {
  const bytes = readBytes(path, true);
  return typeof bytes === 'string' ? undefined : bytes.toString('latin1');
}

/** Where a link leads; undefined once it is gone or out of reach. */
export function readLink(path: string): string | undefined {
  const target = unlessOutOfReach(() => ({ path: readlinkSync(path) }));
  return typeof target === 'string' ? undefined : target.path;
}

/** Names that are numbers in a directory of /proc: processes or threads. */
export function readNumbers(path: string): readonly number[] {
  return readdirSync(path).flatMap(name => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** The threads of a process; empty once it is gone. */
export function readThreads(path: string): readonly number[] {
  const threads = unlessOutOfReach(() => readNumbers(path));
  return typeof threads === 'string' ? [] : threads;
}

function unlessOutOfReach<T>(read: () => T): T | 'gone' | 'denied' {
  try {
    return read();
  } catch (error) {
    const code = String(codeOf(error));
    if (SCARCE.has(code)) throw error;
    return GONE.has(code) ? 'gone' : 'denied';
  }
}
