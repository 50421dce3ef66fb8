import type { Detector } from './detector.js';

export const claudeSquad: Detector = {
  name: 'claude-squad',
  tool: 'Claude Squad',
  kind: 'manager',
  main: [{ executable: /\/claude-squad$/ }],
  worktrees: ['~/.claude-squad/worktrees/'],
};
