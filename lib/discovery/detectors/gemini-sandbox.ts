import type { Detector } from './detector.js';

export const geminiSandbox: Detector = {
  name: 'gemini-sandbox',
  tool: 'sandbox of Gemini CLI',
  containers: [{ image: /\bgemini-cli\/sandbox\b/ }, { name: /^sandbox-[\w.-]+-[0-9a-f]{12}$/ }],
};
