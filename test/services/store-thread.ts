import { renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const folder = fileURLToPath(new URL('../../lib/adapters/sqlite/', import.meta.url));

/**
 * Makes the embedded store's thread for tests that run from the sources, where the program looks for it: Node starts a
 * thread from JavaScript alone. Git ignores the file.
 */
export function buildStoreThread(): void {
  const draft = `${folder}.store-thread-${process.pid}.js`;
  buildSync({
    entryPoints: [`${folder}store-thread.ts`],
    outfile: draft,
    bundle: true,
    external: ['libsql'],
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
  });
  // Another run of the tests may be reading it.
  renameSync(draft, `${folder}store-thread.js`);
}
