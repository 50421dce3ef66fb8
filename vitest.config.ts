import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/services/setup.ts'],
    include: ['test/**/*.test.ts'],
    // These install and drive command lines of others, by a script of their own.
    exclude: ['test/agents/**', '**/node_modules/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Most of the time goes by waiting for engines and stores: one worker alone would leave a core idle.
    maxWorkers: 3,
    expect: { poll: { timeout: 10_000 } },
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'functions/**/*.ts'],
      exclude: ['test/**'],
      // What runs in processes of its own, as the command line does, is tested too and not counted here.
      thresholds: {
        'lib/!(adapters)/**/*.ts': { statements: 100, functions: 100, lines: 100, branches: 98 },
        'lib/adapters/**/*.ts': { statements: 91, functions: 91, lines: 91, branches: 86 },
        'functions/**/*.ts': { statements: 74, functions: 74, lines: 74, branches: 69 },
      },
    },
  },
});
