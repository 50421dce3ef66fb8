import type { Detector } from './detector.js';

export const opencode: Detector = {
  name: 'opencode',
  tool: 'opencode',
  seen: '1.18.33',
  main: [
    { executable: /\/(opencode-ai|opencode-(linux|darwin)-[^/]+)\/bin\/(\.opencode|opencode)(\.exe)?$/ },
    { executable: /\/\.opencode\/bin\/opencode$/ },
  ],
  wrapper: [{ script: /\/(opencode-ai\/bin\/opencode|\.?bin\/opencode)$/ }],
  idle: ['auth', 'export', 'import', 'mcp', 'models', 'stats', 'uninstall', 'upgrade'],
  marks: ['OPENCODE=1'],
  mainPid: 'OPENCODE_PID',
  pause: 'signal',
};
