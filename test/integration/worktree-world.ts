import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type OpenWorktrees, openWorktrees } from '../../lib/adapters/worktree/index.js';
import type { LayerOutcome } from '../../lib/domain/outcome.js';
import type { Target } from '../../lib/ports/sandbox.js';
import { addWorktree, git, makeRepository, temporaryDirectory } from '../services/agents.js';

export interface World {
  readonly root: string;
  readonly repository: string;
  readonly worktrees: OpenWorktrees;
  /** What was logged as a warning or an error. */
  readonly logged: object[];
  /** What the adapter takes for now, epoch milliseconds. */
  readonly time: { now: number };
  /** The record of agent `a`, whose worktree is `<root>/a` on branch `a`. */
  readonly target: Target & { readonly worktreePath: string };
  /** The administrative directory of that name. */
  admin(name: string): string;
  clear(changes?: Partial<Target>): Promise<LayerOutcome>;
  /** Opens the adapter again, as a process that starts anew. */
  reopen(): OpenWorktrees;
  /** Paths of the worktrees that git knows. */
  listed(): Promise<readonly string[]>;
  /** A neighbour's worktree, on branch `victim`. */
  readonly victim: string;
  /** Fails unless the neighbour has lost nothing. */
  expectVictimUntouched(): Promise<void>;
}

/** A repository with two worktrees beside each other, an agent's and its neighbour's. */
export async function makeWorld({
  platform = 'linux' as NodeJS.Platform,
  ttlMs = 60_000,
  name = 'a',
} = {}): Promise<World> {
  const directory = temporaryDirectory();
  const root = join(directory, 'worktrees');
  mkdirSync(root);
  const repository = await makeRepository(join(directory, 'repository'));
  const worktreePath = await addWorktree(repository, join(root, name), 'a');
  const victim = await addWorktree(repository, join(root, 'victim'), 'victim');
  writeFileSync(join(victim, 'work.txt'), 'unsaved work');
  const admin = (entry: string): string => join(repository, '.git', 'worktrees', entry);
  const [ours, theirs] = [join(victim, '.git'), join(admin('victim'), 'gitdir')];
  const [link, back] = [readFileSync(ours, 'utf8'), readFileSync(theirs, 'utf8')];

  const logged: object[] = [];
  const note = (entry: object): void => void logged.push(entry);
  const time = { now: Date.now() };
  const clock = { now: () => time.now, monotonic: () => performance.now() };
  const log = { warn: note, error: note, info: () => undefined };
  const reopen = (): OpenWorktrees =>
    openWorktrees({ roots: [root], ttlMs, hostId: 'h1', platform, clock, log });
  const worktrees = reopen();
  const target = { agentId: 'agent-1', operationId: 'op-1', repository, worktreePath };

  return {
    root,
    repository,
    worktrees,
    logged,
    time,
    target,
    admin,
    reopen,
    victim,
    clear: changes => worktrees.clear({ ...target, ...changes }, AbortSignal.timeout(20_000)),
    listed: async () => {
      const text = await git(repository, 'worktree', 'list', '--porcelain', '-z');
      return text.split('\0').flatMap(line => (line.startsWith('worktree ') ? [line.slice(9)] : []));
    },
    async expectVictimUntouched() {
      expect(readFileSync(join(victim, 'work.txt'), 'utf8')).toBe('unsaved work');
      expect(readFileSync(ours, 'utf8')).toBe(link);
      expect(existsSync(join(admin('victim'), 'HEAD'))).toBe(true);
      // A test may have rewritten this one itself, and then looks at it by itself.
      if (existsSync(theirs) && readFileSync(theirs, 'utf8') !== back) return;
      expect(await git(victim, 'status', '--porcelain')).toBe('?? work.txt\n');
    },
  };
}
