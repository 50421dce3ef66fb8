import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The real command lines of agents: one file at a time, as each has many processes. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    globalSetup: ['test/agents/setup.ts'],
    include: ['test/agents/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 400_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
