import type { Detector } from './detector.js';

export const uzi: Detector = {
  name: 'uzi',
  tool: 'uzi',
  kind: 'manager',
  worktrees: ['~/.local/share/uzi/worktrees/'],
};
