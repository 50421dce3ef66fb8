import { KillswitchError } from '../../../domain/errors.js';
import { type EntryAt, KEPT, type Sweeping } from '../delete.js';
import { type Anchor, anchored, type Directory, isThere, pathOf, walk } from '../directory.js';
import { type Manifest, readManifest } from '../manifest.js';
import { enterOwn, QUARANTINE } from '../quarantine.js';
import { registered } from '../registry.js';
import { entriesOf } from '../sweep.js';

/** An entry that holds something. */
export interface Found extends EntryAt {
  readonly path: string;
  readonly agentId: string;
  readonly operationId: string;
  /** Absent where a crash left none. */
  readonly manifest: Manifest | undefined;
  /** Epoch milliseconds: when it came here, and when it is due for deletion. */
  readonly at: number;
  readonly until: number;
}

/** Opens an entry. @throws Verdict, or a system error */
export function openEntry(anchor: Anchor, { root, holder, name }: EntryAt): Directory {
  const parent = walk(anchor, anchor.open(root), holder);
  return enterOwn(anchor, enterOwn(anchor, parent, QUARANTINE), name);
}

/** Reads one entry; `undefined`: nothing is in it but the note that it was. */
export function readEntry({ openAnchor, ttlMs }: Sweeping, at: EntryAt): Found | undefined {
  return anchored(openAnchor, anchor => {
    const entry = openEntry(anchor, at);
    const manifest = readManifest(entry);
    const isEmpty = !KEPT.some(name => isThere(entry, name)) && manifest?.repositoryEntry === undefined;
    if (isEmpty) return undefined;
    const [agentId = '', operationId = ''] = at.name.split('~');
    const changed = Number(entry.stat.ctimeMs);
    return {
      ...at,
      path: entry.path,
      agentId,
      operationId,
      manifest,
      at: manifest ? Date.parse(manifest.clearedAt) : changed,
      until: manifest ? Date.parse(manifest.expiresAt) : changed + ttlMs,
    };
  });
}

/** All entries below some roots. One that cannot be read is logged and hides no other. */
export async function findEntries(sweeping: Sweeping, roots: readonly string[]): Promise<readonly Found[]> {
  const guarded = <T>(at: object, look: () => T): T | undefined => {
    try {
      return look();
    } catch (err) {
      sweeping.log.warn({ ...at, err }, 'a quarantine could not be read');
      return undefined;
    }
  };
  const found: Found[] = [];
  for (const root of roots) {
    const list = () => anchored(sweeping.openAnchor, anchor => registered(anchor.open(root)));
    for (const holder of guarded({ root }, list) ?? []) {
      if (!(await sweeping.liveness.answers(pathOf(root, holder)))) continue;
      for (const name of guarded({ root, holder }, () => entriesOf(sweeping, root, holder)) ?? []) {
        const entry = guarded({ root, name }, () => readEntry(sweeping, { root, holder, name }));
        if (entry !== undefined) found.push(entry);
      }
    }
  }
  return found;
}

export const newestFirst = (one: { at: number }, other: { at: number }): number => other.at - one.at;

/** The entry of that name, or the newest one of the agent with that ID. @throws KillswitchError `not_found` */
export function pick<T extends { name: string; agentId: string; at: number }>(
  entries: readonly T[],
  name: string,
): T {
  const [found] = entries
    .filter(entry => entry.name === name || entry.agentId === name)
    .toSorted(newestFirst);
  if (found) return found;
  throw new KillswitchError('not_found', `Nothing of ${name} is in the quarantine`);
}
