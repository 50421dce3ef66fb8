import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import type { Directory } from '../directory.js';
import { Verdict } from '../verdict.js';

interface RunOptions {
  readonly input?: Uint8Array;
  /** Bytes of output after which git is ended. */
  readonly limit?: number;
  /** Path of another index than the git directory's own. */
  readonly index?: string;
  /** Exit codes that are no failure, besides 0. */
  readonly allow?: readonly number[];
}

/** git, with a git directory of ours alone. */
export interface TrustedGit {
  /** The git directory; its index is `<directory>/index`. */
  readonly directory: string;
  /** @throws Verdict if git fails, or does not end in time */
  run(args: readonly string[], options?: RunOptions): Promise<{ output: Buffer; truncated: boolean }>;
  close(): void;
}

export interface TrustedGitOptions {
  /** The repository's objects, which are read and never written. */
  readonly objects: Directory;
  readonly worktree: Directory;
  /** Length of its object names in hexadecimal digits, 40 or 64. */
  readonly digits: number;
  /** What its HEAD names. */
  readonly commit: string | undefined;
  /** Where to look for git: the operator's own PATH. */
  readonly path: string;
}

/** For one call; only a FIFO or a dead filesystem in the place of an object takes so long. */
const PATIENCE_MS = 120_000;
const LIMIT = 256 << 20;
/** Bytes that are kept of what git says on standard error. */
const COMPLAINT = 2_000;

/**
 * Everything that could start a program, reach out, or leave the worktree is off; and what has to be configured to
 * start one (filters, textconv, external diffs, aliases, hooks) is not there, since no other file is read.
 */
const config = (digits: number): string => `[core]
\trepositoryFormatVersion = ${digits === 64 ? 1 : 0}
\tbare = false
\tfileMode = true
\tsymlinks = true
\tlogAllRefUpdates = false
\thooksPath = /dev/null
\tfsmonitor = false
\tuntrackedCache = false
\tattributesFile = /dev/null
\texcludesFile = /dev/null
\tpager = cat
\tautocrlf = false
\tcommitGraph = false
\tmultiPackIndex = false
${digits === 64 ? '[extensions]\n\tobjectFormat = sha256\n' : ''}[protocol]
\tallow = never
[diff]
\tignoreSubmodules = all
\tautoRefreshIndex = false
[submodule]
\trecurse = false
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
`;

/** No variable is inherited: any of git's own could lead it elsewhere. */
const environment = (path: string, directory: string, worktree: string) => ({
  PATH: path,
  HOME: directory,
  LC_ALL: 'C',
  GIT_DIR: directory,
  GIT_WORK_TREE: worktree,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: '',
  GIT_LITERAL_PATHSPECS: '1',
});

/** A directory as another process of ours reaches it, for as long as we hold it open. */
const reachable = ({ access }: Directory): string => access.replace('/proc/self/', `/proc/${process.pid}/`);

/**
 * The first bytes of a stream, which is read to its end.
 * @param onMore called for what does not fit in
 */
async function firstBytes(stream: Readable, limit: number, onMore?: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let left = limit;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (chunk.length > left) onMore?.();
      chunks.push(chunk.subarray(0, left));
      left -= Math.min(left, chunk.length);
    }
  } catch {
    // Of a program that could not be started, or was ended: how shows in its result.
  }
  return Buffer.concat(chunks);
}

/** Makes a git directory that has nothing of the repository but the way to its objects. */
export function openTrustedGit(options: TrustedGitOptions): TrustedGit {
  const { objects, worktree, digits, commit, path } = options;
  const directory = mkdtempSync(join(tmpdir(), 'killswitch-git-'));
  mkdirSync(join(directory, 'objects', 'info'), { recursive: true });
  mkdirSync(join(directory, 'refs'));
  writeFileSync(join(directory, 'objects', 'info', 'alternates'), `${reachable(objects)}\n`);
  writeFileSync(join(directory, 'config'), config(digits));
  writeFileSync(join(directory, 'HEAD'), `${commit ?? 'ref: refs/heads/none'}\n`);
  const env = environment(path, directory, reachable(worktree));

  async function run(
    args: readonly string[],
    { input = new Uint8Array(), limit = LIMIT, index, allow = [] }: RunOptions = {},
  ) {
    const child = execa('git', ['--no-pager', ...args], {
      cwd: directory,
      env: { ...env, ...(index !== undefined && { GIT_INDEX_FILE: index }) },
      extendEnv: false,
      input,
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
      buffer: false,
      encoding: 'buffer',
      reject: false,
    });
    let truncated = false;
    const [output, complaint, { exitCode, signal, timedOut }] = await Promise.all([
      firstBytes(child.stdout, limit, () => {
        truncated = true;
        child.kill();
      }),
      firstBytes(child.stderr, COMPLAINT),
      child,
    ]);
    const isFine = truncated || (exitCode !== undefined && [0, ...allow].includes(exitCode));
    if (isFine && !timedOut) return { output, truncated };
    const cause = new Error(complaint.toString());
    if (timedOut) throw new Verdict('failed', 'git did not end in time', { cause });
    const isStarted = exitCode !== undefined || signal !== undefined;
    const why = isStarted ? 'could not read the worktree or its repository' : 'could not be started';
    throw new Verdict('failed', `git ${why}`, { cause });
  }

  return { directory, run, close: () => rmSync(directory, { recursive: true, force: true }) };
}
