import {
  type LayerName,
  layerOf,
  layers,
  type SandboxKind,
  type SandboxRef,
  sandboxKinds,
  servedBy,
  shortOf,
} from './sandbox.js';

/**
 * What is stopped or cleared by itself: one sandbox; without an ID all of one kind with the agent's label; without a kind
 * the worktree, or what version 0.1 said of a layer.
 */
export interface Place {
  readonly layer: LayerName;
  readonly kind?: SandboxKind;
  readonly id?: string;
}

/**
 * The name of a place in `kill.pending` and in the `pending` of a receipt: the short form for the first sandbox that it
 * stands for, `kind:id` for further ones, or `kind` for all of a kind with the agent's label.
 */
export type Debt = LayerName | SandboxKind | `${SandboxKind}:${string}`;

export function placeOf(kind: SandboxKind, id?: string): Place {
  return id === undefined ? { layer: layerOf(kind), kind } : { layer: layerOf(kind), kind, id };
}

/** What tells places of one agent apart. */
export function keyOf({ layer, kind, id }: Place): Debt {
  if (kind === undefined) return layer;
  return id === undefined ? kind : `${kind}:${id}`;
}

export const isDebt = (value: unknown): value is Debt =>
  typeof value === 'string' &&
  (layers.some(layer => layer === value) ||
    sandboxKinds.some(
      kind => value === kind || (value.startsWith(`${kind}:`) && value.length > kind.length + 1),
    ));

/*
 * Called several times for each agent of a kill-all: plain loops, and nothing is made but the answer.
 */

/** The first of these that has this short form. */
function firstOf<T extends { readonly kind?: SandboxKind }>(
  all: readonly T[],
  short: LayerName,
): T | undefined {
  for (const one of all) if (one.kind !== undefined && shortOf(one.kind) === short) return one;
  return undefined;
}

/**
 * The names of what is owed.
 * @param recorded the sandboxes that the record names, whose first ones have the short forms
 */
export function debtsOf(owed: readonly Place[], recorded: readonly SandboxRef[], seen = owed): Debt[] {
  const names: Debt[] = [];
  for (const place of owed) {
    const name = nameOf(place, recorded, seen);
    if (!names.includes(name)) names.push(name);
  }
  return names;
}

function nameOf(place: Place, recorded: readonly SandboxRef[], seen: readonly Place[]): Debt {
  const short = place.kind && shortOf(place.kind);
  if (short === undefined) return keyOf(place);
  const first = firstOf<Pick<Place, 'kind' | 'id'>>(recorded, short) ?? firstOf(seen, short);
  return first?.kind === place.kind && first?.id === place.id ? short : keyOf(place);
}

/**
 * What such names stand for.
 * @param kinds those that there are on this host: a short form stands for all of them where the record names none
 */
export function owedPlaces(
  debts: readonly Debt[],
  recorded: readonly SandboxRef[],
  kinds: readonly SandboxKind[],
): Place[] {
  const places: Place[] = [];
  for (const debt of debts) {
    if (!isLayer(debt)) {
      places.push(placeNamed(debt));
      continue;
    }
    const first = firstOf(recorded, debt);
    const before = places.length;
    if (first) places.push(placeOf(first.kind, first.id));
    else for (const kind of kinds) if (shortOf(kind) === debt) places.push(placeOf(kind));
    if (places.length === before) places.push({ layer: debt });
  }
  return places;
}

const isLayer = (debt: Debt): debt is LayerName => (layers as readonly Debt[]).includes(debt);

/** Whether something is owed that a sandbox of this kind can tell. */
export const owesKind = (
  debts: readonly Debt[],
  recorded: readonly SandboxRef[],
  asked: SandboxKind,
): boolean =>
  owedPlaces(debts, recorded, [asked]).some(({ kind }) => kind && servedBy(kind, [asked]) !== undefined);

function placeNamed(debt: Debt): Place {
  const at = debt.indexOf(':');
  const kind = (at < 0 ? debt : debt.slice(0, at)) as SandboxKind;
  return placeOf(kind, at < 0 ? undefined : debt.slice(at + 1));
}
