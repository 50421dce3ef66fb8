import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { inject } from './context.js';
import { afterFile } from './registry.js';

/** Makes a directory that is removed after the test, or after the file when made outside one. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(inject('runFolder'), 't-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3 });
  try {
    onTestFinished(remove);
  } catch {
    afterFile(remove);
  }
  return directory;
}
