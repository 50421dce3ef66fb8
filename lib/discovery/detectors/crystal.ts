import type { Detector } from './detector.js';

export const crystal: Detector = {
  name: 'crystal',
  tool: 'Crystal',
  kind: 'manager',
  // A compiler has the same name: only the packaged application is meant.
  main: [{ executable: /\/(\.mount_[Cc]rysta[^/]*\/crystal|Crystal\.app\/.*\/Crystal)$/ }],
};
