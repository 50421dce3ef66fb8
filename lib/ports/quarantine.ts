/** One quarantined worktree, or its remains. Every string except `name` and `path` is untrusted. */
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
  /** Its size on disk; absent if it could not be computed in time. */
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

/** The changes of a worktree since its HEAD. Paths are relative to it; bytes that are not UTF-8 show as U+FFFD. */
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
  /** What a user of the restored worktree has to know. */
  readonly notes: readonly string[];
}

/**
 * The quarantined worktrees of killed agents on this host. An entry is addressed by its name, or by an agent's ID: then
 * its newest. Methods reject with `not_found` for a missing entry. Never runs anything of an agent's.
 */
export interface Quarantine {
  /** Newest first. */
  list(): Promise<readonly KeptEntry[]>;
  find(name: string): Promise<KeptEntry>;
  /** `undefined`: no git data of the worktree is left. */
  changes(name: string): Promise<Changes | undefined>;
  /** @param options.whole with binary files and full object names, fit for git-apply(1) */
  diff(name: string, options?: { readonly whole?: boolean }): Promise<Diff>;
  /** Makes a new worktree at `path`, which must not exist yet; the entry stays. */
  restore(name: string, path: string): Promise<Restored>;
  /** Deletes it. @returns whether nothing of it is left */
  purge(name: string): Promise<boolean>;
  /** Deletes entries that have expired. @returns how many */
  purgeExpired(): Promise<number>;
  close(): Promise<void>;
}
