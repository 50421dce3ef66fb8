import { claude } from './recipes/claude.js';
import { cline } from './recipes/cline.js';
import { codex } from './recipes/codex.js';
import { copilot } from './recipes/copilot.js';
import { gemini } from './recipes/gemini.js';
import { goose } from './recipes/goose.js';
import { opencode } from './recipes/opencode.js';
import { qwen } from './recipes/qwen.js';
import type { Recipe } from './recipes/recipe.js';

/** A native executable, a daemon, a node wrapper. */
const SHORT = [claude, codex, gemini];
const USUAL = [...SHORT, opencode];
const ALL = [...USUAL, qwen, copilot, goose, cline];

const isSet = (name: string): boolean => process.env[name] === '1';

/**
 * Without a terminal, typed in a shell in a tmux window, as a window's own command, or handed to the tool's own daemon,
 * which is known of Claude Code.
 */
export type Mode = 'headless' | 'shell' | 'window' | 'background';

/** The short form, for each change: three tools, and those headless only. */
export const isShort = isSet('KILLSWITCH_TEST_SHORT');

/** The tools that this run is about. */
export const tools: readonly Recipe[] = isShort ? SHORT : isSet('KILLSWITCH_TEST_ALL') ? ALL : USUAL;

/** How this run starts a tool. */
export function modesOf({ background }: Recipe): readonly Mode[] {
  if (isShort) return ['headless'];
  return ['headless', 'shell', ...(background ? (['background'] as const) : [])];
}
