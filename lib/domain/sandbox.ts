import { omitUndefined } from '../util/omit-undefined.js';

/*
 * Where agents run. This file alone knows which kinds there are, what their IDs look like, and which of them the short
 * forms of a record (`containerId`, `process`) and of its debts (`container`, `process`) stand for.
 */

/** The layers of an agent; a killed one can still owe any of them. */
export const layers = ['container', 'process', 'worktree'] as const;
export type LayerName = (typeof layers)[number];

type ShortForm = Exclude<LayerName, 'worktree'>;

interface KindFacts {
  readonly layer: ShortForm;
  /** The word for the first sandbox of this kind, or of its fellows, in `kill.pending`. */
  readonly short?: ShortForm;
  /** What an ID has to look like in a request. A record may hold any text; a sandbox refuses what is no ID of its own. */
  readonly id: RegExp;
  readonly says: string;
}

const CONTAINER = {
  layer: 'container',
  short: 'container',
  id: /^[0-9a-f]{64}$/,
  says: 'the full container ID, 64 hexadecimal digits',
} as const;

/** A unit name as in systemd.unit(5). */
const UNIT = /^[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|scope|slice)$/;

const facts = {
  docker: CONTAINER,
  podman: CONTAINER,
  process: {
    layer: 'process',
    short: 'process',
    id: /^(?!1:)[1-9]\d{0,9}:\d{1,20}$/,
    says: 'PID:START, where START is field 22 of /proc/PID/stat',
  },
  unit: { layer: 'process', id: UNIT, says: 'the full name of a systemd unit' },
} satisfies Record<string, KindFacts>;

export type SandboxKind = keyof typeof facts;
export const sandboxKinds = Object.keys(facts) as readonly SandboxKind[];

const factsOf = (kind: SandboxKind): KindFacts => facts[kind];
const isKind = (value: unknown): value is SandboxKind => sandboxKinds.some(kind => kind === value);

export const layerOf = (kind: SandboxKind): LayerName => facts[kind].layer;
export const shortOf = (kind: SandboxKind): LayerName | undefined => factsOf(kind).short;
export const isContainer = (kind: SandboxKind): boolean => facts[kind] === CONTAINER;

/**
 * Of the kinds that there are here, the one that is asked about a sandbox: its own, or else one with the same short form,
 * as where `containerId` names a container of Podman.
 */
export const servedBy = (kind: SandboxKind, kinds: readonly SandboxKind[]): SandboxKind | undefined =>
  kinds.includes(kind)
    ? kind
    : kinds.find(other => shortOf(kind) !== undefined && shortOf(other) === shortOf(kind));

/** The kinds that are owed where a node does not know which sandboxes another one has. */
export const shortKinds: readonly SandboxKind[] = ['docker', 'process'];

/** The layer that an answer names where there is no sandbox at all. */
export const ANY_LAYER: LayerName = 'container';
/** The layer of single processes, which belong to no sandbox any more. */
export const PROCESS_LAYER: LayerName = 'process';

/** Whether a dead sandbox of this layer has to be removed: for outcomes of version 0.1, which do not say so themselves. */
export const hadRemains = (layer: LayerName): boolean => layer === 'container';

/** One place where an agent runs. A process has the ID `PID:START`. Every string of a record is untrusted. */
export interface SandboxRef {
  readonly kind: SandboxKind;
  readonly id: string;
}

/** Why this cannot be the ID of such a sandbox; `undefined`: it can. */
export const oddId = ({ kind, id }: SandboxRef): string | undefined =>
  factsOf(kind).id.test(id) ? undefined : `must be ${factsOf(kind).says}`;

/** `startTime` is field 22 of /proc/PID/stat, in clock ticks since boot, as a string: it makes a PID unique. */
export interface AgentProcess {
  readonly pid: number;
  readonly startTime?: string;
  /** Of the boot of the machine that these are of; absent: not known. */
  readonly bootId?: string;
}

export const processId = ({ pid, startTime }: AgentProcess): string =>
  startTime === undefined ? String(pid) : `${pid}:${startTime}`;

/** The process of such an ID; `undefined`: it is none. Also of PID 0 and 1, which are never an agent's. */
export function processOf(id: string): AgentProcess | undefined {
  const [, pid, startTime] = /^(\d{1,10})(?::(.+))?$/.exec(id) ?? [];
  return pid === undefined ? undefined : omitUndefined<AgentProcess>({ pid: Number(pid), startTime });
}

/** A sandbox in words, such as `container 4f1d2e5b7a90` or `process 4242`. */
export function describeRef({ kind, id }: SandboxRef): string {
  if (isContainer(kind)) return `${layerOf(kind)} ${id.slice(0, 12)}`;
  return kind === 'process' ? `${layerOf(kind)} ${processOf(id)?.pid ?? id}` : `${kind} ${id}`;
}

/** The members of a record that name sandboxes. */
export interface Places {
  readonly sandboxes?: readonly SandboxRef[] | undefined;
  readonly containerId?: string | undefined;
  readonly process?: AgentProcess | undefined;
}

export const placeMembers = ['sandboxes', 'containerId', 'process'] as const;

const NONE: readonly SandboxRef[] = [];
/** As many as one record may name: each is stopped by itself. */
export const MAX_SANDBOXES = 100;

const isSame = (one: SandboxRef, other: SandboxRef): boolean =>
  one.kind === other.kind && one.id === other.id;

function isRef(value: unknown): value is SandboxRef {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, id } = value as Partial<Record<keyof SandboxRef, unknown>>;
  return isKind(kind) && typeof id === 'string' && id !== '';
}

/** Whether a list says already what a short form says: an engine's ID is one whatever the engine's name. */
const says = (all: readonly SandboxRef[], { kind, id }: SandboxRef): boolean =>
  all.some(
    one =>
      shortOf(one.kind) === shortOf(kind) &&
      (one.id === id || (kind === 'process' && one.id.startsWith(`${id}:`))),
  );

const shortRefs = ({ containerId, process }: Places): readonly SandboxRef[] => [
  ...(containerId === undefined ? [] : [{ kind: 'docker', id: containerId } as const]),
  ...(process === undefined ? [] : [{ kind: 'process', id: processId(process) } as const]),
];

/**
 * All that the members of a record name, each once: those of `sandboxes` that are of a known kind, and the short forms.
 * @param sandboxes as it stands in the record
 */
export function sandboxesOf(sandboxes: unknown, short: Places): readonly SandboxRef[] {
  if (sandboxes === undefined && short.containerId === undefined && short.process === undefined) return NONE;
  const all: SandboxRef[] = [];
  for (const one of Array.isArray(sandboxes) ? sandboxes.slice(0, MAX_SANDBOXES) : []) {
    if (isRef(one) && !all.some(other => isSame(one, other))) all.push({ kind: one.kind, id: one.id });
  }
  for (const one of shortRefs(short)) if (!says(all, one)) all.push(one);
  return all;
}

/** Which short form a request contradicts by its own list; `undefined`: none. */
export function contradicted({ sandboxes, ...short }: Places): 'containerId' | 'process' | undefined {
  if (sandboxes === undefined) return undefined;
  const odd = shortRefs(short).find(one => !says(sandboxes, one));
  return odd && (odd.kind === 'process' ? 'process' : 'containerId');
}

/** How a record that we write names these sandboxes: the list, and the short forms of the first ones. */
export function placesOf(sandboxes: readonly SandboxRef[]): Places {
  const container = sandboxes.find(({ kind }) => isContainer(kind));
  const process = sandboxes.find(({ kind }) => kind === 'process');
  return { sandboxes, containerId: container?.id, process: process && processOf(process.id) };
}

/**
 * What a record names of what was seen: every container, the expected one first, and of the processes the oldest. The
 * others come and go, and are found by their variable.
 */
export function recordable(seen: readonly SandboxRef[], expected: string | undefined): readonly SandboxRef[] {
  const startOf = ({ id }: SandboxRef): number => Number(processOf(id)?.startTime);
  const all = seen.map(({ kind, id }) => ({ kind, id }));
  const [oldest] = all
    .filter(({ kind }) => kind === 'process')
    .sort((one, other) => startOf(one) - startOf(other) || 0);
  const others = all.filter(({ kind }) => kind !== 'process');
  const isFirst = ({ id }: SandboxRef): boolean => id === expected;
  const sorted = [...others.filter(isFirst), ...others.filter(one => !isFirst(one))];
  return sandboxesOf([...sorted, ...(oldest ? [oldest] : [])], {});
}

/**
 * What a change of these members makes of the sandboxes of a record: a list replaces them, a short form the first one
 * that it stands for.
 */
export function changedSandboxes(before: readonly SandboxRef[], { sandboxes, ...short }: Places) {
  if (sandboxes !== undefined) return sandboxesOf(sandboxes, short);
  let all = [...before];
  for (const one of shortRefs(short)) {
    const at = all.findIndex(({ kind }) => shortOf(kind) === shortOf(one.kind));
    if (at < 0) all.push(one);
    else if (!says(all.slice(at, at + 1), one))
      all = all.with(at, { kind: all[at]?.kind ?? one.kind, id: one.id });
  }
  return sandboxesOf(all, {});
}
