import type { OutcomeName } from '../../domain/outcome.js';

/** Ends a clearing early. `detail` may be shown: it holds no path and no message of the system. */
export class Verdict extends Error {
  override readonly name = 'Verdict';
  readonly outcome: OutcomeName;

  constructor(outcome: OutcomeName, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.outcome = outcome;
  }
}

/** Said of what lies on a filesystem that does not answer; another attempt may find it well. */
export const silent = (): Verdict => new Verdict('pending', 'the file system does not answer');

/** The errno name of a system error, or '' for anything else. */
export function errno(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Not there. */
export const isGone = (error: unknown): boolean => errno(error) === 'ENOENT';

/** Stands there, but is a symbolic link or no directory: what O_DIRECTORY|O_NOFOLLOW answers, by open(2). */
export const isDisguised = (error: unknown): boolean => ['ENOTDIR', 'ELOOP'].includes(errno(error));

/** No retry changes this: it is not ours to write. */
export const isForbidden = (error: unknown): boolean => ['EACCES', 'EPERM', 'EROFS'].includes(errno(error));

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'this process may not move the worktree',
  EPERM: 'this process may not move the worktree',
  EROFS: 'the filesystem is read-only',
  EBUSY: 'the worktree is a mount point: unmount it',
  EXDEV: 'the worktree lies on another filesystem than its parent directory: unmount it',
  ENOSPC: 'the filesystem is full',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
};

/** What may be said of an unexpected error. */
export const inWords = (error: unknown): string => WORDS[errno(error)] ?? 'clearing the worktree failed';
