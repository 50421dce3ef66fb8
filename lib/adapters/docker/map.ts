import type { ContainerId } from './container-id.js';
import type { Found } from './engine.js';
import type { EngineEvent } from './events.js';
import { mayRun } from './states.js';

/** A container that carries the label, as far as this process knows. */
export interface Known {
  readonly id: ContainerId;
  readonly agentId: string;
  /** As the engine's list has it, or `remembered` by an earlier process. What has ended counts as `restarting` until it is known to have no restart policy. */
  state: string;
  /** Epoch milliseconds. */
  startedAt?: number;
  /** Whether it has a restart policy; undefined until it was inspected. */
  restarts?: boolean;
  /** Whether nothing in it can leave its cgroup and live on; undefined until it was inspected. */
  confined?: boolean;
  /** The turn of the map in which a list or an event last had it. */
  seenTurn: number;
  /** How many events it was in. */
  events: number;
  /** When it ended, on the monotonic clock, until it starts again. */
  endedAt?: number | undefined;
}

/** This host's containers that carry the label. Follows the engine's events; lists correct what those missed. */
export interface ContainerMap {
  all(): readonly Known[];
  of(agentId: string): readonly Known[];
  /** Returns the container if it is (still) there. */
  apply(event: EngineEvent): Known | undefined;
  /** Marks the moment at which a list is asked for. */
  turn(): number;
  /**
   * Takes over a list of all that was asked for at `turn`. Returns those that were not known to run.
   * `isFirst`: no event stream was open until then.
   */
  merge(found: readonly Found[], options: { turn: number; isFirst: boolean }): readonly Known[];
  /** Takes over what was found of one container. */
  meet(found: Found): Known | undefined;
  /** It was removed for good: no list or event that is still on its way brings it back. */
  drop(id: ContainerId): void;
  /** Takes over what an earlier process knew, unless a list has come first: it is `remembered` until one does. */
  seed(containers: Iterable<readonly [id: ContainerId, agentId: string]>): void;
  /** Also of one that is gone. */
  ownerOf(id: string): string | undefined;
  /** Whether there is or was a container of the agent. */
  knew(agentId: string): boolean;
}

export interface MapOptions {
  readonly label: string;
  readonly onForget: (id: ContainerId) => void;
  /** Called when a container was added or forgotten. */
  readonly onChange: () => void;
}

const STATE_AFTER: Readonly<Record<string, string>> = {
  create: 'created',
  start: 'running',
  restart: 'running',
  unpause: 'running',
  pause: 'paused',
};
/** How many removed containers are remembered: more than there may be late events and lists of. */
const REMEMBERED = 10_000;

/** Milliseconds for which the engine may list as running what has ended: it sends the event before it cleans up. */
const LAG = 5000;

const isLagging = ({ endedAt }: Known, { state }: Found): boolean =>
  mayRun(state) && endedAt !== undefined && performance.now() < endedAt + LAG;

function addBounded<T>(all: Set<T>, one: T): void {
  all.delete(one);
  all.add(one);
  const [oldest] = all;
  if (oldest !== undefined && all.size > REMEMBERED) all.delete(oldest);
}

export function createMap({ label, onForget, onChange }: MapOptions): ContainerMap {
  const known = new Map<string, Known>();
  const byAgent = new Map<string, Set<Known>>();
  /** The engine uses no ID twice. */
  const removed = new Set<ContainerId>();
  /** Agents of which a container was forgotten, and the agent of each such container. */
  const former = new Set<string>();
  const owners = new Map<string, string>();
  let turn = 0;
  let isListed = false;

  const add = (id: ContainerId, agentId: string, state: string, seenTurn: number): Known => {
    const container = { id, agentId, state, seenTurn, events: 0 };
    known.set(id, container);
    byAgent.set(agentId, (byAgent.get(agentId) ?? new Set()).add(container));
    onChange();
    return container;
  };
  const forget = (id: ContainerId): void => {
    const container = known.get(id);
    if (container === undefined) return;
    known.delete(id);
    const own = byAgent.get(container.agentId);
    own?.delete(container);
    if (own?.size === 0) byAgent.delete(container.agentId);
    addBounded(former, container.agentId);
    owners.set(id, container.agentId);
    const [oldest] = owners.keys();
    if (oldest !== undefined && owners.size > REMEMBERED) owners.delete(oldest);
    onForget(id);
    onChange();
  };
  const drop = (id: ContainerId): void => {
    forget(id);
    addBounded(removed, id);
  };
  const upsert = ({ id, state, labels }: Found, seenTurn: number): Known | undefined => {
    const agentId = labels[label];
    if (agentId === undefined || removed.has(id)) return undefined;
    return known.get(id) ?? add(id, agentId, state, seenTurn);
  };

  return {
    all: () => [...known.values()],
    of: agentId => [...(byAgent.get(agentId) ?? [])],
    apply({ action, id, agentId, at }) {
      if (action === 'destroy') drop(id);
      if (removed.has(id)) return undefined;
      turn += 1;
      const container = known.get(id) ?? add(id, agentId, 'restarting', turn);
      container.seenTurn = turn;
      container.events += 1;
      container.state = STATE_AFTER[action] ?? container.state;
      if (action === 'die') {
        container.state = container.restarts === false ? 'exited' : 'restarting';
        container.endedAt = performance.now();
      }
      if (action === 'start') Object.assign(container, { startedAt: at, endedAt: undefined });
      return container;
    },
    turn() {
      turn += 1;
      return turn;
    },
    merge(found, { turn: asked, isFirst }) {
      isListed = true;
      const started = found.flatMap(one => {
        const wasRunning = mayRun(known.get(one.id)?.state ?? '');
        const container = upsert(one, asked);
        // An event since then is newer.
        const isNews = container && container.seenTurn <= asked && (isFirst || !isLagging(container, one));
        if (isNews) Object.assign(container, { state: one.state, seenTurn: asked });
        return container && !wasRunning && mayRun(container.state) ? [container] : [];
      });
      const ids = new Set(found.map(({ id }) => id));
      for (const { id, seenTurn } of known.values()) {
        if (!ids.has(id) && seenTurn <= asked) forget(id);
      }
      return started;
    },
    meet(found) {
      turn += 1;
      return upsert(found, turn);
    },
    drop,
    seed(containers) {
      if (isListed) return;
      for (const [id, agentId] of containers) if (!known.has(id)) add(id, agentId, 'remembered', 0);
    },
    ownerOf: id => known.get(id)?.agentId ?? owners.get(id),
    knew: agentId => byAgent.has(agentId) || former.has(agentId),
  };
}
