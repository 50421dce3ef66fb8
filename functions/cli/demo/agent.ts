import type { ProcessMark } from './process-marks.js';

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

/** What this run's agents are known by, in the engine and on the host; no other agent carries these. */
export const marksOf = (runId: string) => ({
  label: `killswitch.demo-${runId}.agent-id`,
  variable: `DEMO_AGENT_${runId}`,
});
