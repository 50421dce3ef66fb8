import type { Detector } from './detector.js';

export const claude: Detector = {
  name: 'claude',
  tool: 'Claude Code',
  seen: '2.1.332',
  main: [
    { executable: /\/@anthropic-ai\/claude-code[^/]*\/(bin\/)?claude(\.exe)?$/ },
    { executable: /\/\.local\/share\/claude\/versions\/[^/]+$/ },
    // Before the native executable.
    { script: /\/@anthropic-ai\/claude-code\/cli\.js$/ },
  ],
  wrapper: [{ script: /\/(@anthropic-ai\/claude-code\/cli-wrapper\.c?js|\.?bin\/claude)$/ }],
  roles: [
    { role: 'daemon', words: ['daemon', 'run'], respawns: 15_000 },
    { role: 'host', words: ['--bg-pty-host'] },
    { role: 'spare', words: ['--bg-spare'] },
  ],
  idle: ['auth', 'config', 'doctor', 'install', 'mcp', 'plugin', 'setup-token', 'update'],
  marks: ['CLAUDECODE=1', 'AI_AGENT=claude-code_', 'CLAUDE_CODE_SESSION_ID'],
  session: 'CLAUDE_CODE_SESSION_ID',
  mainPid: 'CLAUDE_PID',
  home: { variable: 'CLAUDE_CONFIG_DIR', folder: '.claude' },
  sessionFiles: { path: 'sessions/<pid>.json', members: { session: 'sessionId', startTime: 'procStart' } },
  worktrees: ['.claude/worktrees/'],
  pause: 'signal',
};
