import type { DocumentRef } from '../../ports/records.js';
import type { Clock } from '../../ports/runtime.js';
import type { Connection } from './connection.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Finds the bytes of a document inside a transaction; expired ones count as absent. */
export function prepareFind({ prepare }: Pick<Connection, 'prepare'>, clock: Pick<Clock, 'now'>) {
  const find = prepare<[value: Uint8Array]>(
    `SELECT CAST(value AS BLOB) FROM documents
      WHERE kind = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)`,
  );
  return ({ kind, id }: DocumentRef): Uint8Array | undefined => find.get([kind, id, clock.now()])?.[0];
}

/** `undefined` if the bytes are not UTF-8. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether the bytes, or their absence, are exactly as expected. */
export const isExactly = (bytes: Uint8Array | undefined, expected: string | null): boolean =>
  expected === null ? bytes === undefined : bytes !== undefined && Buffer.from(expected).equals(bytes);
