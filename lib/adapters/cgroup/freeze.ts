import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ifPossible, unlessGone, writeControl } from './files.js';
import type { CgroupMount } from './mountinfo.js';

/** A cgroup that may be frozen as a whole. */
export interface Freezable {
  readonly directory: string;
  readonly mount: Pick<CgroupMount, 'version'>;
}

/** Milliseconds between two looks. */
const LONGEST_PAUSE = 16;

/**
 * Asks the kernel to freeze it with all below it. Version 1 has to be asked again until it is frozen
 * (freezer-subsystem.rst). Throws if it may not be written; what is gone stands still.
 */
export function beginFreeze({ directory, mount }: Freezable): void {
  unlessGone(() => writeControl(...control(directory, mount, true)));
}

/** Lets it go; what was frozen below it by itself stays frozen. */
export function beginThaw({ directory, mount }: Freezable): void {
  unlessGone(() => writeControl(...control(directory, mount, false)));
}

const control = (
  directory: string,
  { version }: Pick<CgroupMount, 'version'>,
  frozen: boolean,
): [string, string] =>
  version === 2
    ? [join(directory, 'cgroup.freeze'), frozen ? '1' : '0']
    : [join(directory, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED'];

/**
 * Whether every process in it is seen to stand still, also by a freeze further up: `frozen 1` in `cgroup.events`
 * (cgroup-v2.rst), `FROZEN` in `freezer.state`. Undefined if it is gone. Throws if it cannot be read.
 */
export function isFrozen({ directory, mount }: Freezable): boolean | undefined {
  if (mount.version === 2) {
    const events = unlessGone(() => readFileSync(join(directory, 'cgroup.events'), 'utf8'));
    return events === undefined ? undefined : /^frozen 1$/m.test(events);
  }
  return unlessGone(() => readFileSync(join(directory, 'freezer.state'), 'utf8'))?.trim() === 'FROZEN';
}

/** Waits until it is seen in this state. A cgroup that is gone, or may not be read any more, is in none. */
export async function see(place: Freezable, frozen: boolean, deadline: AbortSignal): Promise<boolean> {
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const state = ifPossible(() => isFrozen(place));
    if (state === undefined || state === frozen) return state === frozen;
    if (deadline.aborted) return false;
    await delay(pause, undefined, { signal: deadline }).catch(() => undefined);
    if (frozen && place.mount.version === 1) ifPossible(() => beginFreeze(place));
  }
}
