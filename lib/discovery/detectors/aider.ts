import type { Detector } from './detector.js';

export const aider: Detector = {
  name: 'aider',
  tool: 'aider',
  main: [{ script: /(\/\.?bin\/aider|-m aider(\.main)?)$/ }],
  idle: ['--list-models', '--models'],
  marks: ['OR_APP_NAME=Aider'],
};
