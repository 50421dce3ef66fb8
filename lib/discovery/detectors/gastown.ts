import type { Detector } from './detector.js';

export const gastown: Detector = {
  name: 'gastown',
  tool: 'Gas Town',
  kind: 'manager',
  marks: ['GT_ROLE', 'GT_RIG', 'GT_POLECAT'],
};
