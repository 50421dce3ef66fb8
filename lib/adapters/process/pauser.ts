import { placeOf } from '../../domain/debt.js';
import type { LayerOutcome } from '../../domain/outcome.js';
import type { Enclosures } from '../../ports/enclosure.js';
import type { Log } from '../../ports/runtime.js';
import type { Sandbox, Target } from '../../ports/sandbox.js';
import type { Cages } from './cages.js';
import type { Memory } from './memory.js';
import { type Paused, type PauseParts, pauseTree, resumeTree } from './pause.js';
import { recordedIn } from './recorded.js';
import { report } from './report.js';
import type { Identity, ProcessTable } from './table.js';

export interface PauserOptions {
  readonly table: ProcessTable;
  /** The variable that agents carry. */
  readonly variable: string;
  readonly memory: Memory;
  readonly cagesOf: (target: Target) => Cages;
  readonly enclosures: Enclosures | undefined;
  readonly log: Log;
}

/** Agents whose stopped processes are remembered; the one that was paused longest ago goes for a new one. */
const CAPACITY = 1_000;

/** Pauses and resumes agents that are bare processes. */
export function createPauser(options: PauserOptions): Pick<Sandbox, 'pause' | 'resume'> {
  const { table, variable, memory, cagesOf, enclosures, log } = options;
  const stoppedOf = new Map<string, readonly Identity[]>();

  const keep = (agentId: string, stopped: readonly Identity[]): void => {
    // Paused twice: what the first one stopped is still stopped by us.
    const all = [...(stoppedOf.get(agentId) ?? []), ...stopped];
    stoppedOf.delete(agentId);
    stoppedOf.set(agentId, all);
    const [oldest] = stoppedOf.keys();
    if (oldest !== undefined && stoppedOf.size > CAPACITY) stoppedOf.delete(oldest);
  };

  async function through(
    target: Target,
    work: (parts: PauseParts) => Promise<Paused>,
  ): Promise<LayerOutcome> {
    const { agentId, id } = target;
    const recorded = recordedIn(target);
    const cages = cagesOf(target);
    try {
      const kinship = { ...memory.kinshipOf(agentId), recorded };
      const paused = await work({ table, cages, kinship, enclosures });
      if (paused.kind === 'seen') {
        if (paused.stopped) keep(agentId, paused.stopped);
        return { ...placeOf('process', id), ...paused.seen };
      }
      const [wasSeen, wasEnclosed] = [memory.knows(agentId), true];
      const nothing = { members: paused.members, sent: 0, denied: false };
      return report(target, nothing, { table, variable, wasSeen, wasEnclosed });
    } catch (err) {
      log.error({ err, agentId }, 'the process table cannot be read');
      return { ...placeOf('process', id), outcome: 'failed', detail: 'the process table cannot be read' };
    } finally {
      cages.release();
    }
  }

  return {
    pause: (target, deadline) => through(target, parts => pauseTree(target, parts, deadline)),
    async resume(target, deadline) {
      const stoppedByUs = stoppedOf.get(target.agentId);
      const seen = await through(target, parts => resumeTree(target, { ...parts, stoppedByUs }, deadline));
      if (seen.outcome === 'resumed' || seen.outcome === 'alreadyGone') stoppedOf.delete(target.agentId);
      return seen;
    },
  };
}
