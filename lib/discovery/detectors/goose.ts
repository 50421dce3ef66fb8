import type { Detector } from './detector.js';

export const goose: Detector = {
  name: 'goose',
  tool: 'goose',
  seen: '1.34.0',
  main: [
    { executable: /\/@aaif\/goose-binary-[^/]+\/bin\/goose$/ },
    { executable: /\/(\.local|opt\/homebrew)\/bin\/goose$/ },
  ],
  wrapper: [{ script: /\/(@aaif\/goose\/[^ ]+\.c?js|\.?bin\/goose)$/ }],
  idle: ['completion', 'configure', 'info', 'mcp', 'update'],
  // Its tools carry nothing: only its MCP servers do.
  marks: ['AGENT_SESSION_ID'],
  areMarksVague: true,
  session: 'AGENT_SESSION_ID',
  pause: 'signal',
};
