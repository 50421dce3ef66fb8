import { agents } from './agents.js';
import type { KillswitchFunction } from './http/function.js';
import { kill } from './kill.js';
import { killAll } from './kill-all.js';
import { latch } from './latch.js';
import { operations } from './operations.js';

/** Those that a trigger comes to in the end. */
export const api: readonly KillswitchFunction[] = [kill, killAll, latch, operations, agents];
