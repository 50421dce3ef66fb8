import type { Detector } from './detector.js';

export const sculptor: Detector = {
  name: 'sculptor',
  tool: 'Sculptor',
  kind: 'manager',
  marks: ['SCULPT_AGENT_ID'],
};
