import type { Clock } from '../../ports.js';
import { type Anchor, anchorByDescriptor } from './directory.js';
import { type IsMounted, isMountedBy, isMountedByDevice, openMountTable } from './mounts.js';
import { type Occupancy, openOccupancy } from './occupants.js';
import { anchorByPath } from './portable.js';

/** What a system offers for looking at a directory before anything is done to it. */
export interface Sight {
  readonly openAnchor: () => Anchor;
  readonly isMounted: IsMounted;
  readonly occupancy: Occupancy;
}

export interface SightOptions {
  /** Anything but `linux` takes the portable way. */
  readonly platform?: NodeJS.Platform;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** @param maxAgeMs how old a look at the mounts and the processes of this host may be, where it found nothing */
export function openSight({ platform = process.platform, clock }: SightOptions, maxAgeMs: number): Sight {
  if (platform !== 'linux')
    return { openAnchor: anchorByPath, isMounted: isMountedByDevice, occupancy: () => undefined };
  const table = openMountTable(clock.monotonic);
  return {
    openAnchor: anchorByDescriptor,
    isMounted: isMountedBy(table, maxAgeMs),
    occupancy: openOccupancy(clock.monotonic, table, maxAgeMs),
  };
}
