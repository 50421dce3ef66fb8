import { hash } from 'node:crypto';

/** What an audit entry is about. */
export type SubjectKind = 'agent' | 'operation';

export const nameOf = (kind: SubjectKind, id: string): string => `${kind[0]}:${id}`;

/** Bucket of calls that name many subjects: one element for all of them, which costs a kill-all almost nothing. */
export const MANY = 'many';

/**
 * Where the index of the audit has a subject: in which of 256 buckets, under which text, and with which `mark` of four
 * characters in an element of `MANY`. Subjects may collide, so a search checks the entries themselves.
 */
export function hashed(name: string): {
  readonly bucket: string;
  readonly of: string;
  readonly mark: string;
} {
  const digest = hash('sha1', name, 'base64');
  const bucket = (digest.charCodeAt(0) * 64 + digest.charCodeAt(1)) % 256;
  return {
    bucket: bucket.toString(16).padStart(2, '0'),
    of: digest.slice(4, 12),
    mark: digest.slice(12, 16),
  };
}
