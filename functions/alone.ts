import type { KillswitchFunction } from './function.js';

/** Not a literal at the import, so that a bundle for the edge, which has no Node, does not follow it. */
const NODE_ROOT = './start.js';

/** What of it is used here: it knows all functions, and they must not know it. */
interface Root {
  isEntry(url: string): boolean;
  main(functions: readonly KillswitchFunction[]): Promise<void>;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * Serves one function when its own file is what Node was started with (`node dist/functions/kill.js`); does
 * nothing when the file is imported.
 */
export async function runAlone(url: string, one: KillswitchFunction): Promise<void> {
  const entry = globalThis.process?.argv?.[1]?.replaceAll('\\', '/');
  if (entry === undefined || baseName(entry) !== baseName(url)) return;
  const { isEntry, main } = (await import(NODE_ROOT)) as Root;
  // Not awaited: what it loads then may hold this very file, which has to be there first.
  if (isEntry(url)) void main([one]);
}
