import type { Detector } from './detector.js';

export const openclaw: Detector = {
  name: 'openclaw',
  tool: 'OpenClaw',
  containers: [{ name: /^openclaw-sbx-/ }],
};
