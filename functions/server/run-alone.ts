import type { KillswitchFunction } from '../http/function.js';

/**
 * Not a literal in the import, so that the bundle for the edge, which has no Node, does not include it. The relative
 * path is right both from this file and from a chunk of the Node bundle.
 */
const serverUrl = (): string => new URL('../../functions/server/start.js', import.meta.url).href;

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * Serves one function when its own file is what Node was started with (`node dist/functions/kill.js`); does
 * nothing when the file is imported.
 */
export async function runAlone(one: KillswitchFunction): Promise<void> {
  const entry = globalThis.process?.argv?.[1]?.replaceAll('\\', '/');
  if (entry === undefined || !baseName(entry).startsWith(`${one.name}.`)) return;
  const { isEntry, main } = (await import(serverUrl())) as typeof import('./start.js');
  if (isEntry(one.name)) await main([one]);
}
