import type { Measurement } from './bench.js';
import { commit } from './measurements/commit.js';
import { flood } from './measurements/flood.js';
import { frozenEngine } from './measurements/frozen.js';
import { first, one, sixty } from './measurements/kill.js';
import { scan } from './measurements/scan.js';
import { settled } from './measurements/settled.js';
import { start } from './measurements/start.js';
import { state } from './measurements/state.js';
import { worktrees } from './measurements/worktrees.js';

/** In the order in which they are made. */
export const measurements: readonly Measurement[] = [
  start,
  one,
  first,
  sixty,
  frozenEngine,
  settled,
  worktrees,
  commit,
  state,
  scan,
  flood,
];
