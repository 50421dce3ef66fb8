import { hash } from 'node:crypto';

/** What an entry of the audit belongs to. */
export type SubjectKind = 'agent' | 'operation';

export const nameOf = (kind: SubjectKind, id: string): string => `${kind[0]}:${id}`;

/** Bucket of the calls that name many subjects: one element for all of them costs a kill-all next to nothing. */
export const MANY = 'many';

/**
 * Where the index of the audit has a subject: in which of 256 buckets, and under which text there; and `mark`, the four
 * characters by which an element of `MANY` names it among others. Subjects may share all of these: whoever looks checks
 * the entries themselves.
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
