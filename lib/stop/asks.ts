import { owedPlaces, type Place, placeOf } from '../domain/debt.js';
import { servedBy } from '../domain/sandbox.js';
import type { Core } from '../ports/core.js';
import type { Sandbox } from '../ports/sandbox.js';
import type { Stoppable } from './receipt.js';

/** One question to one sandbox, and what its answer is about. */
export interface Ask {
  readonly sandbox: Sandbox;
  readonly place: Place;
}

/**
 * What the sandboxes of this host are asked about an agent: each about everything of its kind that the record names or
 * that is still owed, one by one; where there is nothing, once about what carries the agent's label.
 */
export function asksOf(
  { sandboxes }: Pick<Core, 'sandboxes'>,
  { sandboxes: recorded = [], kill }: Stoppable,
): readonly Ask[] {
  const kinds = sandboxes.map(({ kind }) => kind);
  const named = recorded.map(({ kind, id }) => placeOf(kind, id));
  const owed = owedPlaces(kill?.pending ?? [], recorded, kinds);
  const others = owed.filter(
    ({ kind, id }) => id !== undefined && !recorded.some(ref => ref.kind === kind && ref.id === id),
  );
  const places = [...named, ...others];
  return sandboxes.flatMap(sandbox => {
    const own = places.filter(({ kind }) => kind !== undefined && servedBy(kind, kinds) === sandbox.kind);
    return (own.length > 0 ? own : [placeOf(sandbox.kind)]).map(place => ({ sandbox, place }));
  });
}
