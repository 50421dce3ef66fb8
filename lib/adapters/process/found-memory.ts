import type { FoundAgent, ProcessPin } from '../../ports/recognition.js';
import { identity } from './table.js';

/** Agents that are remembered; the one that was stopped longest ago goes for a new one. */
const CAPACITY = 10_000;

/** What this node learned of a found agent since its stop began. */
export interface FoundState {
  /** Its processes, also those that others need. */
  readonly known: Map<string, ProcessPin>;
  session?: string;
  /** Epoch milliseconds. */
  readonly stoppedSince: number;
  /** After how long its daemon starts it again, in milliseconds; 0: nothing does. */
  respawns: number;
  /** Monotonic milliseconds until which it may come back. */
  watchedUntil: number;
  /** Whether it was killed with a cgroup of its own. */
  wasEnclosed: boolean;
}

const FRESH = { respawns: 0, watchedUntil: 0, wasEnclosed: false };

export interface FoundMemory {
  /** A new one where another process is the agent by now. */
  of(agent: Pick<FoundAgent, 'agentId' | 'main'>): FoundState;
}

export function createFoundMemory(capacity = CAPACITY): FoundMemory {
  const agents = new Map<string, FoundState>();
  return {
    of({ agentId, main }) {
      const key = `${agentId} ${identity(main)}`;
      const state: FoundState = agents.get(key) ?? { ...FRESH, known: new Map(), stoppedSince: Date.now() };
      agents.delete(key);
      agents.set(key, state);
      for (const [oldest] of agents) {
        if (agents.size <= capacity) break;
        agents.delete(oldest);
      }
      return state;
    },
  };
}
