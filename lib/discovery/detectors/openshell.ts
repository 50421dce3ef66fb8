import type { Detector } from './detector.js';

export const openshell: Detector = {
  name: 'openshell',
  tool: 'OpenShell',
  containers: [{ label: 'openshell.ai/managed-by=openshell' }],
};
