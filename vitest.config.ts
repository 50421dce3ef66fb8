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
        'lib/!(adapters)/**/*.ts': { statements: 99, functions: 99, lines: 99, branches: 97 },
        'lib/adapters/**/*.ts': { statements: 88, functions: 88, lines: 88, branches: 82 },
        'functions/**/*.ts': { statements: 66, functions: 66, lines: 66, branches: 60 },
      },
    },
  },
});
