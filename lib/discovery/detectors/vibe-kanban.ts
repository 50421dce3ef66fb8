import type { Detector } from './detector.js';

export const vibeKanban: Detector = {
  name: 'vibe-kanban',
  tool: 'Vibe Kanban',
  kind: 'manager',
  main: [{ executable: /\/vibe-kanban$/ }],
  marks: ['VK_WORKSPACE_ID'],
  worktrees: ['/var/tmp/vibe-kanban/worktrees/'],
};
