import type { Detector } from './detector.js';

export const conductor: Detector = {
  name: 'conductor',
  tool: 'Conductor',
  kind: 'manager',
  marks: ['CONDUCTOR_WORKSPACE_PATH'],
};
