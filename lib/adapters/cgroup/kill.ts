import { ifPossible } from './files.js';
import type { Guard } from './guard.js';
import { isLegacyEmpty, killLegacy, killOldUnified, thaw } from './legacy.js';
import { inodeOf, type Place } from './place.js';
import { membersOf, treeOf } from './tree.js';
import { isUnifiedEmpty, killUnified } from './unified.js';

/** Where the processes of one sandbox are: at least one of the two. */
export interface Sandboxed {
  readonly unified?: Place;
  /** Version 1. Beside version 2 only that of the freezer. */
  readonly legacy?: Place;
}

/** What is left to do once the others are killed; false if a process may not be signalled. */
type Finish = () => boolean;

/**
 * Kills by version 2 if there is one, as that is a single write. Throws if nothing can be done, or if the cgroup has
 * come to hold this service.
 */
export function beginKill(guard: Guard, sandboxed: Sandboxed): Finish {
  const { unified, legacy } = sandboxed;
  for (const place of [unified, legacy]) {
    if (place && guard(place.mount, place.path)) throw new Error('The cgroup holds this service.');
  }
  if (!reaches(sandboxed)) return () => false;
  const [modern, old] = [unified, legacy].map(place => live(place?.use.control && place));
  if (modern === undefined) return () => old === undefined || killLegacy(old.directory);
  if (modern.use.control === 'cgroup.freeze') {
    return () => killOldUnified(modern.directory) && (old === undefined || killStrays(old, modern));
  }
  try {
    killUnified(modern.directory);
  } catch (error) {
    // A cgroup that was made threaded refuses it.
    if (old === undefined) throw error;
    return () => killLegacy(old.directory);
  }
  return () => old === undefined || killStrays(old, modern);
}

/** Whether it may be killed, and is not only to be looked at. */
export const reaches = ({ unified, legacy }: Sandboxed): boolean =>
  [unified, legacy].some(place => place?.use.control !== undefined);

/** On a hybrid machine both versions know the sandbox, and who left version 2 alone is still found in version 1. */
function killStrays({ directory }: Place, modern: Place): boolean {
  const tree = treeOf(directory);
  if (ifPossible(() => hasStrays(tree, modern))) return killLegacy(directory);
  // Docker pauses by version 1 there, and a process frozen by that one does not die.
  thaw(tree);
  return true;
}

/** Of those that were killed by version 2, all that are still in version 1 were in version 2 before: it is read first. */
export function hasStrays(old: readonly string[], modern: Place): boolean {
  const killed = new Set(membersOf(treeOf(modern.directory)));
  return membersOf(old).some(pid => !killed.has(pid));
}

/** Throws if it cannot be read. */
export function isEmpty({ unified, legacy }: Sandboxed): boolean {
  const [modern, old] = [live(unified), live(legacy)];
  return (
    (modern === undefined || isUnifiedEmpty(modern.directory)) &&
    (old === undefined || isLegacyEmpty(old.directory))
  );
}

/** PIDs in it, each once; 0 stands for one of another PID namespace. */
export function membersIn({ unified, legacy }: Sandboxed): readonly number[] {
  const places = [live(unified), live(legacy)].filter(place => place !== undefined);
  return [...new Set(places.flatMap(({ directory }) => membersOf(treeOf(directory))))];
}

/** The place, if it is still the cgroup that was remembered. */
export function live(place: Place | undefined): Place | undefined {
  return place?.inode === undefined || inodeOf(place.directory) === place.inode ? place : undefined;
}
