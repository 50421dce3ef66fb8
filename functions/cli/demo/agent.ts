import type { ProcessMark } from './proc.js';

/** An agent that really runs, with what it takes to see for oneself whether it still does. */
export interface DemoAgent {
  readonly agentId: string;
  /** For people. */
  readonly runsAs: string;
  readonly containerId?: string;
  readonly process?: { readonly pid: number; readonly startTime: string };
  /** Every process of it; empty where the engine's processes are not seen from here. */
  readonly marks: readonly ProcessMark[];
  readonly worktree: string;
}

/** A kind of place to run an agent in. */
export type StartAgent = (agentId: string, worktree: string) => Promise<DemoAgent>;

export const LABEL = 'killswitch.agent-id';
export const VARIABLE = 'KILLSWITCH_AGENT_ID';
