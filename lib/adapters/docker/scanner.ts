import type { SandboxKind } from '../../domain/sandbox.js';
import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import type { Scanner, Sighting } from '../../ports/scanner.js';
import type { IndexCgroup } from './index-cgroup.js';
import type { ContainerMap, Known } from './map.js';
import { isNoEngine, seenOf } from './seen.js';
import { mayRun } from './states.js';
import { waitAtMost } from './wait-at-most.js';

export interface DockerScanner extends Scanner {
  /** Calls all watchers. */
  report(container: Known): void;
}

export interface ScannerOptions {
  readonly kind: SandboxKind;
  readonly map: ContainerMap;
  readonly kernel: Kernel;
  /** Asks the engine what there is, and puts it into the map. Rejects if it does not answer. */
  readonly refresh: () => Promise<void>;
  readonly indexCgroup: IndexCgroup;
  /** What an earlier process knew is in the map. Does not reject. */
  readonly remembered: Promise<void>;
  /** Whether an engine has answered here since this machine was booted. */
  readonly hasAnswered: () => boolean;
  readonly log: Log;
}

/** Milliseconds for inspecting those found just now: a list does not say when a container was started. */
const PATIENCE = 300;

export function createScanner(options: ScannerOptions): DockerScanner {
  const { kind, map, kernel, refresh, indexCgroup, remembered, hasAnswered, log } = options;
  const toSighting = sightingsAs(kind);
  const watchers = new Set<(sighting: Sighting) => void>();
  const isEmpty = ({ id }: Known): boolean => kernel.look(id) === 'empty';
  const running = (): readonly Known[] => map.all().filter(({ state }) => mayRun(state));

  return {
    async scan() {
      try {
        await refresh();
        const timeless = running().filter(({ startedAt }) => startedAt === undefined);
        const inspected = Promise.all(timeless.map(indexCgroup));
        if (timeless.length > 0) await waitAtMost(inspected, PATIENCE);
        // An engine whose containerd hangs still answers, and does not know what is dead.
        const seen = running()
          .filter(container => container.state === 'restarting' || !isEmpty(container))
          .map(toSighting);
        return { seen };
      } catch (err) {
        await remembered;
        if (isNoEngine(err) && !hasAnswered()) return { seen: [] };
        log.warn({ err }, 'the engine could not be asked what runs');
        const unclear = map.all().filter(({ state }) => state === 'remembered');
        const found = new Set(await kernel.find(unclear.map(({ id }) => id)));
        const seen = [...running(), ...unclear.filter(({ id }) => found.has(id))]
          .filter(container => !isEmpty(container))
          .map(toSighting);
        return { seen, blind: seenOf(err).detail };
      }
    },
    watch(onStart) {
      const watcher = (sighting: Sighting): void => onStart(sighting);
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    report(container) {
      const sighting = toSighting(container);
      for (const watcher of watchers) {
        try {
          watcher(sighting);
        } catch (err) {
          log.error({ err, agentId: sighting.agentId }, 'a watcher failed');
        }
      }
    },
  };
}

const sightingsAs =
  (kind: SandboxKind) =>
  ({ agentId, id, startedAt }: Known): Sighting => ({
    agentId,
    kind,
    id,
    ...(startedAt !== undefined && { startedAt }),
  });
