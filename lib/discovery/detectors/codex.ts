import type { Detector } from './detector.js';

export const codex: Detector = {
  name: 'codex',
  tool: 'Codex CLI',
  seen: '0.171.0',
  main: [
    { executable: /\/codex[^/]*\/(vendor\/[^/]+\/)?bin\/codex$/ },
    { executable: /\/app-server-daemon\/releases\/[^/]+\/bin\/codex$/ },
    { executable: /\/vendor\/[^/]+\/codex\/codex$/ },
    { executable: /\/(usr\/local|opt\/homebrew|\.cargo|\.local)\/bin\/codex$/ },
    { executable: /\/codex-(x86_64|aarch64)-[^/]+$/ },
  ],
  wrapper: [{ script: /\/(@openai\/codex\/bin\/codex\.js|\.?bin\/codex)$/ }],
  roles: [
    { role: 'daemon', words: ['app-server', 'daemon'], respawns: 15_000 },
    {
      role: 'server',
      words: ['app-server'],
      isAgent: true,
      shared: 'home',
      without: ['exec', 'e', 'review'],
    },
  ],
  idle: ['apply', 'completion', 'features', 'login', 'logout', 'mcp', 'sandbox'],
  marks: ['CODEX_THREAD_ID', 'CODEX_SESSION_ID'],
  session: 'CODEX_SESSION_ID',
  home: { variable: 'CODEX_HOME', folder: '.codex' },
  worktrees: ['~/.codex/worktrees/'],
  pause: 'signal',
};
