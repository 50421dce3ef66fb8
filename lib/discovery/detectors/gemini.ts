import type { Detector } from './detector.js';

export const gemini: Detector = {
  name: 'gemini',
  tool: 'Gemini CLI',
  seen: '0.61.0',
  // The same script twice: the first one only starts the second one, and passes it this variable.
  main: [
    {
      script: /\/(@google\/gemini-cli\/(bundle\/gemini|dist\/index)\.js|\.?bin\/gemini)$/,
      environment: ['GEMINI_CLI_NO_RELAUNCH'],
    },
  ],
  wrapper: [{ script: /\/(@google\/gemini-cli\/(bundle\/gemini|dist\/index)\.js|\.?bin\/gemini)$/ }],
  idle: ['extensions', 'hooks', 'mcp', 'skills'],
  marks: ['GEMINI_CLI=1'],
  home: { folder: '.gemini' },
  worktrees: ['.gemini/worktrees/'],
  pause: 'signal',
};
