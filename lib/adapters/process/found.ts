import { setTimeout as delay } from 'node:timers/promises';
import type { Enclosure, Enclosures } from '../../ports/enclosure.js';
import type { ProcessInfo, ProcessListing, ProcessTable } from '../../ports/process-table.js';
import type { FoundAgent, ProcessPin, Recognition } from '../../ports/recognition.js';
import type { Target } from '../../ports/sandbox.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { type FoundKill, type FoundOptions, type FoundParts, killFound } from './found-kill.js';
import { createFoundMemory } from './found-memory.js';
import { reportFound, type Told } from './found-report.js';
import { recordedIn } from './recorded.js';
import { shareLooks } from './share-looks.js';
import { identity } from './table.js';

/** Milliseconds between two looks for what comes back. */
const LOOK_EVERY = 1_000;
/** By how much longer than its tool needs to start it again an agent is watched. */
const MARGIN = 1_000;

const AGAIN = 'its tool had started it again, and it was killed again';

export interface FoundMeans extends Pick<FoundParts, 'signal'> {
  readonly recognition: Recognition;
  readonly table: ProcessTable;
  readonly enclosures?: Enclosures | undefined;
  /** Whether some process has this PID, listed or not. */
  readonly exists: (pid: number) => boolean;
}

/** What became of a found agent, and whether it has to be watched by `watch` before it is settled. */
export interface FoundOutcome extends Told {
  readonly mayComeBack: boolean;
}

/** Stops agents that a detector found. */
export interface FoundStop {
  /** The agent that a target names, where a detector knows it; otherwise undefined. */
  agentOf(target: Target): FoundAgent | undefined;
  kill(agent: FoundAgent, options: FoundOptions): Promise<FoundOutcome>;
  /** Kills again what its tool starts again, until nothing has come back for longer than that takes. */
  watch(agent: FoundAgent, deadline: AbortSignal): Promise<FoundOutcome>;
}

export function createFoundStop({ recognition, table, enclosures, signal, exists }: FoundMeans): FoundStop {
  const memory = createFoundMemory();
  const list = shareLooks((): Promise<ProcessListing> => table.list(recognition.variables));
  const underWay = new Map<string, number>();

  async function during<T>(main: ProcessPin, work: () => Promise<T>): Promise<T> {
    const key = identity(main);
    underWay.set(key, (underWay.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const others = (underWay.get(key) ?? 1) - 1;
      if (others > 0) underWay.set(key, others);
      else underWay.delete(key);
    }
  }

  async function kill(agent: FoundAgent, options: FoundOptions): Promise<FoundOutcome> {
    const { agentId, main } = agent;
    const cage = enclosures?.find(agentId);
    const state = memory.of(agent);
    const isBeingStopped = (one: ProcessPin): boolean => underWay.has(identity(one));
    const parts: FoundParts = { list, recognition, cage, signal, isBeingStopped };
    const result = await during(main, () => killFound(parts, agent, state, options));
    if (result.sent > 0) state.watchedUntil = performance.now() + state.respawns + MARGIN;
    const told = reportFound(result, {
      ...{ pid: main.pid, exists, wasEnclosed: state.wasEnclosed },
      cage: cage === undefined ? 'none' : isEmpty(cage, result) ? 'empty' : 'populated',
    });
    state.wasEnclosed ||= result.sent > 0 && cage !== undefined;
    if (cage?.isEmpty()) cage.remove();
    return { ...told, mayComeBack: state.respawns > 0 && performance.now() < state.watchedUntil };
  }

  return {
    agentOf(target) {
      const { agentId, detector, bootId } = target;
      const { pid, startTime } = recordedIn(target) ?? {};
      if (pid === undefined || startTime === undefined) return undefined;
      if (detector === undefined || !recognition.knows(detector)) return undefined;
      return { agentId, detector, main: omitUndefined({ pid, startTime, bootId }) };
    },
    kill,
    async watch(agent, deadline) {
      const state = memory.of(agent);
      let cameBack = false;
      for (;;) {
        const told = await kill(agent, { graceMs: 0, deadline });
        if (told.outcome !== 'dead' && told.outcome !== 'alreadyGone') return told;
        cameBack ||= told.outcome === 'dead';
        const left = state.watchedUntil - performance.now();
        if (left <= 0) return { outcome: 'dead', ...(cameBack && { detail: AGAIN }), mayComeBack: false };
        if (deadline.aborted) {
          const detail = `it may be started again within ${Math.ceil(left / 1_000)} s, and has to be watched for that`;
          return { outcome: 'dead', detail, mayComeBack: true };
        }
        await delay(Math.min(LOOK_EVERY, left), undefined, { signal: deadline }).catch(() => undefined);
      }
    },
  };
}

/** What others started in it is none of this agent's, and while one of them stands there they go on starting more. */
function isEmpty({ place, members }: Enclosure, { listing }: FoundKill): boolean {
  const isInside = ({ cgroup }: ProcessInfo): boolean =>
    cgroup === place || cgroup?.startsWith(`${place}/`) === true;
  return members().length === 0 || listing.processes.some(isInside);
}
