import type { Detector } from './detector.js';

export const sweAgent: Detector = {
  name: 'swe-agent',
  tool: 'SWE-agent',
  main: [{ script: /(\/\.?bin\/sweagent|-m sweagent[^ ]*)$/ }],
  // It gives no label: the name ends by a UUID, and the command starts its server.
  containers: [{ name: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, command: /swerex-remote/ }],
};
