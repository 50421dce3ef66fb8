import type { LayerName } from '../domain/agent.js';
import { isOwed, isSeen, type LayerOutcome } from '../domain/outcome.js';
import type { Clock } from '../ports/runtime.js';

/** What has been seen of one agent so far. Filled while the work goes on; readable at any moment. */
export interface Ledger {
  readonly outcomes: readonly LayerOutcome[];
  note(outcome: LayerOutcome): void;
  /** Set once no sandbox of the agent may still run. */
  isDown?: true;
}

/** @param startedAt monotonic milliseconds of the command's acceptance; the times noted count from there */
export function openLedger(
  owed: readonly LayerName[],
  { clock, startedAt, detail }: { clock: Clock; startedAt: number; detail?: string },
): Ledger {
  const seen = new Map<LayerName, LayerOutcome>();
  for (const layer of owed) seen.set(layer, { layer, outcome: 'pending', ...(detail ? { detail } : {}) });
  const round = (ms: number): number => Math.round(ms * 10) / 10;
  return {
    get outcomes() {
      return [...seen.values()];
    },
    note(outcome) {
      const elapsed = round(clock.monotonic() - startedAt);
      const deadAfterMs = seen.get(outcome.layer)?.deadAfterMs ?? (isSeen(outcome) ? elapsed : undefined);
      seen.set(outcome.layer, {
        ...outcome,
        ...(deadAfterMs !== undefined && outcome.layer !== 'worktree' ? { deadAfterMs } : {}),
        ...(isOwed(outcome) ? {} : { settledAfterMs: elapsed }),
      });
    },
  };
}
