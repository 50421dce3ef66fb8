import { cacheRecord } from '../agents/record-cache.js';
import type { Agent } from '../domain/agent.js';
import type { Command } from '../domain/command.js';
import { isStoreDown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { Cases } from './in-flight.js';
import type { Verdict } from './mark-killed.js';
import type { Report } from './report.js';

export interface Progress {
  readonly report: Report;
  /** Monotonic milliseconds of the command's acceptance. */
  readonly startedAt: number;
  /** Those that could not be marked killed by their records; filled on the way. */
  readonly refused: Set<string>;
}

/**
 * Starts stopping those that are marked killed, and reports them.
 * @param agents what was read of them: known by more than their labels should the store not answer
 * @throws KillswitchError `store_unavailable` where one could not be marked for that; the others are being stopped
 */
export function followVerdicts(
  core: Core,
  cases: Cases,
  command: Command,
  { verdicts, agents }: { readonly verdicts: readonly Verdict[]; readonly agents: readonly Agent[] },
  { report, startedAt, refused }: Progress,
): void {
  const unwritten = verdicts.find(isUnwritten);
  for (const verdict of verdicts) {
    if (verdict.kind === 'refused' && verdict.error.code !== 'invalid_state') refused.add(verdict.agentId);
    if (isUnwritten(verdict)) continue;
    const one = cases.follow(command, verdict, startedAt);
    if (one) report.add(one);
  }
  if (!unwritten) return;
  for (const agent of agents) cacheRecord(core, agent);
  throw unwritten.error;
}

type Refused = Extract<Verdict, { kind: 'refused' }>;

/** It could not be marked killed now, though its record could be read. */
const isUnwritten = (verdict: Verdict): verdict is Refused =>
  verdict.kind === 'refused' && isStoreDown(verdict.error);
