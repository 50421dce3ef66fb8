import type { Detector } from './detector.js';

export const devcontainers: Detector = {
  name: 'devcontainers',
  tool: 'Dev Containers',
  containers: [{ label: 'devcontainer.local_folder' }, { label: 'devcontainer.config_file' }],
};
