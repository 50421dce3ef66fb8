import type { Clock } from '../../ports/runtime.js';
import { type Anchor, anchorByDescriptor } from './directory.js';
import { type Liveness, openLiveness } from './liveness.js';
import { createMountTable, type IsMounted, isMountedBy, isMountedByDevice } from './mounts.js';
import { createOccupancy, type Occupancy } from './occupants.js';
import { anchorByPath } from './portable.js';

/** What a system offers for looking at a directory before anything is done to it. */
export interface Sight {
  readonly liveness: Liveness;
  readonly openAnchor: () => Anchor;
  readonly isMounted: IsMounted;
  readonly occupancy: Occupancy;
}

export interface SightOptions {
  /** Anything but `linux` takes the portable way. */
  readonly platform?: NodeJS.Platform;
  readonly clock: Pick<Clock, 'monotonic'>;
}

interface SightLimits {
  /** How old a look at the mounts may be, in milliseconds, where it found nothing. */
  readonly maxAgeMs: number;
  /** How long ago a filesystem must have answered that is entered; for ever if absent, unless it hangs by now. */
  readonly knownMs?: number;
  /** What is known of the filesystems already. */
  readonly liveness?: Liveness;
}

export function openSight(
  { platform = process.platform, clock }: SightOptions,
  { maxAgeMs, knownMs = Number.POSITIVE_INFINITY, liveness: known }: SightLimits,
): Sight {
  if (platform !== 'linux')
    return {
      liveness: known ?? openLiveness({ clock }),
      openAnchor: anchorByPath,
      isMounted: isMountedByDevice,
      occupancy: async () => () => undefined,
    };
  const table = createMountTable(clock.monotonic);
  const liveness = known ?? openLiveness({ clock, table });
  return {
    liveness,
    openAnchor: () => anchorByDescriptor(path => liveness.answered(path, knownMs)),
    isMounted: isMountedBy(table, maxAgeMs),
    occupancy: createOccupancy(clock.monotonic, table),
  };
}
