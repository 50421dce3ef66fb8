import type { Detector } from './detector.js';

export const openhands: Detector = {
  name: 'openhands',
  tool: 'OpenHands',
  main: [{ script: /(\/\.?bin\/openhands|-m openhands\.(core\.main|agent_server)[^ ]*)$/ }],
  containers: [{ name: /^openhands-runtime-/ }, { name: /^oh-agent-server-/, label: 'sandbox_spec_id' }],
};
