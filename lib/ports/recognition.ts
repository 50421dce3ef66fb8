import type { ProcessListing } from './process-table.js';

/** A process, pinned for good: a PID is given again, with another start time. */
export interface ProcessPin {
  readonly pid: number;
  /** As in `ProcessInfo`. */
  readonly startTime: string;
}

/** An agent that a detector found, and what was learned of it since. */
export interface FoundAgent {
  readonly agentId: string;
  /** Name of the detector. */
  readonly detector: string;
  /** Its main process. With a boot ID that is not that of the listing, it is gone. */
  readonly main: ProcessPin & { readonly bootId?: string };
  /** Its own cgroup, as /proc shows it: all in it and below it is the agent's. */
  readonly cgroup?: string;
  /** Processes that an earlier look has recognised as the agent's. */
  readonly known?: Iterable<ProcessPin>;
  /** What its tool calls its session, where an earlier look has seen that. */
  readonly session?: string;
  /** Epoch milliseconds of when its stop began: what runs its session and is younger has come back. */
  readonly stoppedSince?: number;
}

/** Another agent that needs a process. */
export interface Peer extends ProcessPin {
  /** The ID that it has, or would get. */
  readonly agentId: string;
}

/** A process of a found agent. */
export interface FoundMember extends ProcessPin {
  /** What it is to the agent, in a word that may be shown. */
  readonly as: string;
  /** It may start a killed agent again after so many milliseconds. */
  readonly respawns?: number;
  /** Absent: the agent's alone. */
  readonly sharedWith?: readonly Peer[];
}

/** What a look found of an agent. */
export interface Recognized {
  /**
   * Of the main process. `unreadable`: this user may not read it, so that nothing shows what it is. `unmatched`: it no
   * longer is what the detector knows the tool by, and nothing else says that it is the agent.
   */
  readonly main: 'here' | 'gone' | 'unreadable' | 'unmatched';
  /**
   * In the order in which they are to be stopped: what may start others again, then the agent, then the rest. None where
   * the main is `unreadable` or `unmatched`.
   */
  readonly members: readonly FoundMember[];
  /** The agent's too, and never touched: this process, its ancestors, PID 1. */
  readonly spared: readonly ProcessPin[];
  readonly session?: string;
  /** The tool as people call it. */
  readonly tool: string;
}

/** Tells which processes are those of an agent that a detector found. */
export interface Recognition {
  /** Names of the environment variables that a listing must keep for it. */
  readonly variables: readonly string[];
  /** Whether there is a detector of this name that knows processes. */
  knows(detector: string): boolean;
  /** @param listing taken just now */
  recognize(agent: FoundAgent, listing: ProcessListing): Promise<Recognized>;
}
