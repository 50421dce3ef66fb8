import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openQuarantine } from '../../lib/adapters/worktree/quarantine-store/index.js';
import type { Quarantine } from '../../lib/ports/quarantine.js';
import { git } from '../services/agents.js';
import { makeWorld, type World } from './worktree-world.js';

export interface QuarantineWorld extends World {
  readonly quarantine: Quarantine;
  /** The agent's worktree, while it stands. */
  readonly tree: string;
  /** Where a worktree may be restored to. */
  readonly fresh: string;
  /** The state directory. */
  readonly state: string;
  /** Runs git in the agent's worktree. */
  git(...args: string[]): Promise<string>;
}

/** A repository with an agent's worktree, and the quarantine that it goes to. */
export async function makeQuarantineWorld(
  options: { ttlMs?: number; platform?: NodeJS.Platform } = {},
): Promise<QuarantineWorld> {
  const world = await makeWorld(options);
  const clock = { now: () => world.time.now, monotonic: () => performance.now() };
  const note = (entry: object): void => void world.logged.push(entry);
  const state = join(world.root, '..', 'state');
  const quarantine = openQuarantine({
    roots: [world.root],
    ttlMs: options.ttlMs ?? 60_000,
    evidenceDirectory: join(state, 'evidence'),
    path: process.env['PATH'] ?? '',
    ...(options.platform && { platform: options.platform }),
    clock,
    log: { warn: note, error: note, info: () => undefined },
  });
  onTestFinished(() => quarantine.close());
  const tree = world.target.worktreePath;
  return {
    ...world,
    quarantine,
    tree,
    state,
    fresh: join(world.root, '..', 'fresh'),
    git: (...args) => git(tree, ...args),
  };
}
