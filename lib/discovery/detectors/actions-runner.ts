import type { Detector } from './detector.js';

export const actionsRunner: Detector = {
  name: 'actions-runner',
  tool: 'GitHub Actions runner',
  kind: 'manager',
  main: [{ executable: /\/Runner\.Worker$/ }],
  marks: ['RUNNER_TRACKING_ID'],
};
