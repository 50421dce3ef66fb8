import type { Place } from '../domain/debt.js';
import type { LayerOutcome } from '../domain/outcome.js';
import type { SandboxRef } from '../domain/sandbox.js';

/* What is known of the places of one agent: a short list, since it is looked through for each agent of a kill-all. */

export const isSamePlace = (one: Place, other: Place): boolean =>
  one.layer === other.layer && one.kind === other.kind && one.id === other.id;

/** What is known of one sandbox replaces what was owed of its kind or of its layer: all with the label are looked for. */
export function forgetWider(seen: LayerOutcome[], { layer, kind, id }: LayerOutcome): void {
  if (kind === undefined) return;
  const wider = (one: LayerOutcome): boolean =>
    one.outcome === 'pending' &&
    one.layer === layer &&
    (one.kind === undefined || (one.kind === kind && one.id === undefined && id !== undefined));
  for (let at = seen.length - 1; at >= 0; at--) if (wider(seen[at] as LayerOutcome)) seen.splice(at, 1);
}

/** In the order of the record, so that the first of a layer is the first one recorded. */
export function inOrder(recorded: readonly SandboxRef[], seen: readonly LayerOutcome[]): LayerOutcome[] {
  const all = [...seen];
  if (!isAnyShared(all)) return all;
  const rank = ({ kind, id }: LayerOutcome): number => {
    const at = recorded.findIndex(one => one.kind === kind && one.id === id);
    return at < 0 ? recorded.length : at;
  };
  return all.sort((one, other) => rank(one) - rank(other));
}

/** Whether two are of one layer. There are few, and this is asked for each agent of a kill-all. */
function isAnyShared(all: readonly LayerOutcome[]): boolean {
  for (let at = 1; at < all.length; at++) {
    for (let before = 0; before < at; before++) if (all[at]?.layer === all[before]?.layer) return true;
  }
  return false;
}
