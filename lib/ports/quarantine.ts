/** One worktree, or what is left of one, as the quarantine keeps it. Every string but `name` and `path` is the agent's. */
export interface KeptEntry {
  /** `<agentId>~<operationId>`. */
  readonly name: string;
  readonly agentId: string;
  readonly operationId: string;
  /** Its directory. */
  readonly path: string;
  /** ISO 8601: when it came here, and when it will be deleted. */
  readonly at: string;
  readonly until: string;
  readonly host?: string;
  readonly repository?: string;
  readonly worktreePath?: string;
  readonly branch?: string;
  /** Of its HEAD. */
  readonly commit?: string;
  /** The ref that keeps the commit, or why none does. */
  readonly ref?: string;
  readonly unkept?: string;
  readonly outcome?: 'removed' | 'alreadyGone';
  /** What it takes on the disk; absent where that was not seen in time. */
  readonly bytes?: number;
  /** Whether the files of the worktree are here. */
  readonly worktree: boolean;
  /** Files of evidence, with their paths. */
  readonly evidence: readonly EvidenceFile[];
}

export interface EvidenceFile {
  readonly path: string;
  readonly bytes: number;
}

/** What a worktree has that its HEAD has not. Paths are relative to the worktree; bytes that are no text show as U+FFFD. */
export interface Changes {
  readonly tracked: readonly { readonly path: string; readonly status: ChangeStatus }[];
  /** Neither tracked nor ignored. A directory with a repository of its own ends with `/`. */
  readonly untracked: readonly string[];
  /** How many files the worktree's own rules ignore. */
  readonly ignored: number;
}

export type ChangeStatus = 'added' | 'modified' | 'deleted' | 'retyped' | 'special';

export interface Diff extends Changes {
  readonly patch: Uint8Array;
  /** It was too long and was cut. */
  readonly truncated: boolean;
}

export interface Restored {
  readonly path: string;
  readonly files: number;
  /** Absent: the files alone were restored; `notes` says why. */
  readonly checkout?: {
    readonly repository: string;
    readonly commit?: string;
    /** Absent: HEAD is detached, as it was. */
    readonly branch?: string;
    /** The agent's branch, where it could not be checked out again. */
    readonly insteadOf?: string;
    /** Whether what was staged still is. */
    readonly staged: boolean;
  };
  /** What was not restored, and why. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
  /** What whoever works there has to know. */
  readonly notes: readonly string[];
}

/**
 * What killed agents left on this host. An entry is named by its name, or by an agent's ID: then its newest.
 * All reject with `not_found` for an entry that is not there. Nothing of an agent's is ever run.
 */
export interface Quarantine {
  /** Newest first. */
  list(): Promise<readonly KeptEntry[]>;
  find(name: string): Promise<KeptEntry>;
  /** `undefined`: no git data of the worktree is left. */
  changes(name: string): Promise<Changes | undefined>;
  /** @param options.whole with binary files and full object names, fit for git-apply(1) */
  diff(name: string, options?: { readonly whole?: boolean }): Promise<Diff>;
  /** Makes a fresh worktree at `path`, which must not be there yet; the entry stays. */
  restore(name: string, path: string): Promise<Restored>;
  /** Deletes it. @returns whether nothing of it is left */
  purge(name: string): Promise<boolean>;
  /** Deletes what has been kept long enough. @returns how many */
  purgeExpired(): Promise<number>;
  close(): Promise<void>;
}
