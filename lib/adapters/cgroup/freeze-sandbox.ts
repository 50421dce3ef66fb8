import { ifPossible } from './files.js';
import { beginFreeze, beginThaw, isFrozen, see } from './freeze.js';
import type { Guard } from './guard.js';
import { hasStrays, live, type Sandboxed } from './kill.js';
import type { Place } from './place.js';
import { treeOf } from './tree.js';

const freezerOf = ({ legacy }: Sandboxed): Place | undefined => {
  const place = live(legacy);
  return place?.mount.controllers.includes('freezer') ? place : undefined;
};

/** On a hybrid machine both versions know the sandbox: what left version 2 alone is still found in version 1. */
const hasLeft = (old: Place | undefined, modern: Place): boolean =>
  old !== undefined && ifPossible(() => hasStrays(treeOf(old.directory), modern)) !== false;

/** Freezes by version 2 where it can, and by the freezer what is not in that. @returns whether all was seen frozen */
export async function freezeSandbox(
  guard: Guard,
  sandboxed: Sandboxed,
  deadline: AbortSignal,
): Promise<boolean> {
  const [modern, old] = [live(sandboxed.unified), freezerOf(sandboxed)];
  if ([modern, old].some(place => place && guard(place.mount, place.path))) return false;
  if (modern !== undefined && ifPossible(() => [beginFreeze(modern)])) {
    const isSeen = await see(modern, true, deadline);
    if (!isSeen || !hasLeft(old, modern)) return isSeen;
  }
  if (old === undefined) return false;
  beginFreeze(old);
  return see(old, true, deadline);
}

/** Lets go what either version has frozen. @returns whether all was seen to run again */
export async function thawSandbox(sandboxed: Sandboxed, deadline: AbortSignal): Promise<boolean> {
  const places = [live(sandboxed.unified), freezerOf(sandboxed)].filter(place => place !== undefined);
  for (const place of places) {
    if (ifPossible(() => isFrozen(place)) !== false) beginThaw(place);
  }
  const seen = await Promise.all(places.map(place => see(place, false, deadline)));
  return seen.length > 0 && seen.every(Boolean);
}

/** Throws if it cannot be read; undefined if there is nothing to look at. */
export function isStill(sandboxed: Sandboxed): boolean | undefined {
  const [modern, old] = [live(sandboxed.unified), freezerOf(sandboxed)];
  if (old !== undefined && isFrozen(old)) return true;
  const state = modern && isFrozen(modern);
  if (modern === undefined || state === undefined) return old === undefined ? undefined : isFrozen(old);
  return state && !hasLeft(old, modern);
}
