import type { Detector } from './detector.js';

export const mngr: Detector = {
  name: 'mngr',
  tool: 'mngr',
  containers: [{ label: 'com.imbue.mngr.host-id' }],
};
