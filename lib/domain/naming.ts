import type { Place } from './debt.js';
import { describeRef } from './sandbox.js';

export type Name = (place: Place) => string;

/** What each place is called: by its layer, and where an agent has several of one by its ID or kind as well. */
export function naming(places: readonly Place[]): Name {
  const isShared = (layer: string): boolean => places.filter(one => one.layer === layer).length > 1;
  return place => (isShared(place.layer) ? describePlace(place) : place.layer);
}

function describePlace({ layer, kind, id }: Place): string {
  if (kind === undefined) return layer;
  return id === undefined ? `${layer} of ${kind}` : describeRef({ kind, id });
}
