import type { Detector } from './detector.js';

export const cline: Detector = {
  name: 'cline',
  tool: 'Cline CLI',
  seen: '3.0.65',
  main: [{ executable: /\/@cline\/cli-[^/]+\/bin\/cline$/ }],
  wrapper: [{ script: /\/(cline\/bin\/cline|\.?bin\/cline)$/ }],
  roles: [{ role: 'hub', words: ['--cline-hub-daemon'], respawns: 15_000, shared: 'home' }],
  idle: ['auth', 'config', 'version'],
  marks: ['CLINE_CONNECTOR_CLI_LAUNCH'],
  home: { folder: '.cline' },
  sessionFiles: { path: 'data/sessions/<session>/<session>.json', members: { pid: 'pid' } },
  worktrees: ['~/.cline/worktrees/'],
  pause: 'signal',
};
