import type { KillswitchFunction } from './function.js';

/** What of the root is used here: it knows all functions, and they must not know it. */
interface Root {
  isEntry(name: string): boolean;
  main(functions: readonly KillswitchFunction[]): Promise<void>;
}

/** Not a literal at the import, so that a bundle for the edge, which has no Node, does not follow it. */
const rootUrl = (): string => new URL('../functions/server/start.js', import.meta.url).href;

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * Serves one function when its own file is what Node was started with (`node dist/functions/kill.js`); does
 * nothing when the file is imported.
 */
export async function runAlone(one: KillswitchFunction): Promise<void> {
  const entry = globalThis.process?.argv?.[1]?.replaceAll('\\', '/');
  if (entry === undefined || !baseName(entry).startsWith(`${one.name}.`)) return;
  const { isEntry, main } = (await import(rootUrl())) as Root;
  // Not awaited: what it loads then may hold this very file, which has to be there first.
  if (isEntry(one.name)) void main([one]);
}
