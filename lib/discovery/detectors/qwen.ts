import type { Detector } from './detector.js';

export const qwen: Detector = {
  name: 'qwen',
  tool: 'Qwen Code',
  seen: '0.24.4',
  main: [{ script: /\/@qwen-code\/qwen-code\/(dist\/)?cli\.js$/ }],
  wrapper: [{ script: /\/\.?bin\/qwen$/ }],
  idle: ['auth', 'extensions', 'hooks', 'mcp'],
  marks: ['QWEN_CODE=1', 'QWEN_CODE_SESSION_ID'],
  session: 'QWEN_CODE_SESSION_ID',
  home: { folder: '.qwen' },
  worktrees: ['.qwen/worktrees/'],
  pause: 'signal',
};
