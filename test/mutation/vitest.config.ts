import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A mutant is done with at the first test that fails, so the slow files come last. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).reverse();
  }
}

/** The fast suites alone: nothing here needs an engine or a store. */
export default defineConfig({
  test: {
    globalSetup: ['test/mutation/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    sequence: { sequencer: QuickFirst },
    expect: { poll: { timeout: 10_000 } },
    projects: [
      // The core keeps no state of its own, so that its suites can share one module graph: that saves most of the time.
      { extends: true, test: { name: 'core', include: ['test/lib/**/*.test.ts'], isolate: false } },
      {
        extends: true,
        test: {
          name: 'adapters',
          include: [
            'test/integration/{guard-,tokens}*.test.ts',
            'test/integration/{process-signals,cgroup-text,worktree-parts}.test.ts',
          ],
        },
      },
    ],
  },
});
