/** An agent that runs here, as scan shows it. No value of an environment is in it but the session's ID. */
export interface Finding {
  /** Name of the detector, or `variable` or `label` where it only carries an agent's ID. */
  readonly detector: string;
  readonly kind: 'process' | 'docker';
  /** `pid:startTime` of its main process, or the container's ID. */
  readonly id: string;
  /** The ID that it has, or would get: the same one each time that it is looked at. */
  readonly agentId: string;
  readonly pid?: number;
  /** Of the boot of the machine that the process is of. */
  readonly bootId?: string;
  readonly session?: string;
  readonly workingDirectory?: string;
  /** The worktree of git that its working directory is in, if that is not the repository itself. */
  readonly worktree?: string;
  readonly repository?: string;
  /** ISO 8601. */
  readonly startedAt?: string;
  /** What it was known by, in words; untrusted texts in it hold nothing invisible. */
  readonly evidence: readonly string[];
  /** The detector was written after the tool's source, and never tried on the tool. */
  readonly untested?: true;
  /** Agent IDs of other findings that need one of its processes. */
  readonly sharedWith?: readonly string[];
  /** It is an agent already, with a record or by what it carries. */
  readonly adopted: boolean;
  readonly tree: Tree;
}

/** Of a container nothing is counted: zero processes. */
export interface Tree {
  readonly processes: number;
  readonly memoryBytes: number;
  readonly cpuMs: number;
  /** When the oldest of them started, ISO 8601. */
  readonly oldest?: string;
}
