import { createHash } from 'node:crypto';

/** What an entry of the audit belongs to. */
export type SubjectKind = 'agent' | 'operation';

export const nameOf = (kind: SubjectKind, id: string): string => `${kind[0]}:${id}`;

/**
 * Where the index of the audit has a subject: in which of 256 buckets, and under which 12 digits there. Two subjects may
 * share both: whoever looks checks the entries themselves.
 */
export function hashed(name: string): { readonly bucket: string; readonly of: string } {
  const digest = createHash('sha1').update(name).digest('hex');
  return { bucket: digest.slice(0, 2), of: digest.slice(2, 14) };
}
