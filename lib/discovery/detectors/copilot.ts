import type { Detector } from './detector.js';

export const copilot: Detector = {
  name: 'copilot',
  tool: 'GitHub Copilot CLI',
  seen: '1.0.102',
  main: [{ executable: /\/@github\/copilot-[^/]+\/copilot$/ }],
  wrapper: [{ script: /\/(@github\/copilot\/npm-loader\.js|\.?bin\/copilot)$/ }],
  idle: ['help', 'login', 'plugin', 'update', 'version'],
  marks: ['COPILOT_CLI=1', 'COPILOT_AGENT_SESSION_ID'],
  session: 'COPILOT_AGENT_SESSION_ID',
  home: { folder: '.copilot' },
  sessionFiles: { path: 'session-state/<session>/inuse.<pid>.lock' },
  worktrees: ['.worktrees/'],
  pause: 'signal',
};
