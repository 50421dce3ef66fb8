import type { ProcessMark } from './process-marks.js';

/** A running agent, with what is needed to check without the server whether it still runs. */
export interface DemoAgent {
  readonly agentId: string;
  /** What it runs as, to show. */
  readonly runsAs: string;
  readonly containerId?: string;
  readonly process?: { readonly pid: number; readonly startTime: string };
  /** All of its processes; empty where the engine's processes are not visible from here. */
  readonly marks: readonly ProcessMark[];
  readonly worktree: string;
}

/** Starts an agent in one kind of sandbox. */
export type StartAgent = (agentId: string, worktree: string) => Promise<DemoAgent>;

/** The label and the variable of this run's agents; no other agent carries them. */
export const marksOf = (runId: string) => ({
  label: `killswitch.demo-${runId}.agent-id`,
  variable: `DEMO_AGENT_${runId}`,
});
