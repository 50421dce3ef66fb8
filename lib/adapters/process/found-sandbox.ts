import { placeOf } from '../../domain/debt.js';
import type { LayerOutcome } from '../../domain/outcome.js';
import type { Log } from '../../ports/runtime.js';
import type { KillOptions, Sandbox, Target } from '../../ports/sandbox.js';
import { createFoundStop, type FoundMeans, type FoundOutcome } from './found.js';
import { together } from './found-report.js';
import type { ProcessTable } from './table.js';
import { UNREAD } from './words.js';

export type FoundParts = Pick<FoundMeans, 'recognition' | 'table' | 'enclosures'>;

interface Means {
  readonly table: Pick<ProcessTable, 'signal' | 'snapshot' | 'exists'>;
  /** Kills what carries the agent's ID, and trusts nothing else. */
  readonly killByLabel: (target: Target, options: KillOptions) => Promise<LayerOutcome>;
  readonly log: Log;
}

/**
 * Adds to a sandbox that knows agents by the variable the stop of those that a detector found: by its evidence, and by the
 * variable besides. All others are left to the sandbox.
 */
export function withFound<S extends Pick<Sandbox, 'kill' | 'remove'>>(
  sandbox: S,
  found: FoundParts | undefined,
  { table, killByLabel, log }: Means,
): S {
  if (found === undefined) return sandbox;
  const stop = createFoundStop({ ...found, signal: table.signal, exists: table.exists });

  async function attempt(
    target: Target,
    act: () => Promise<FoundOutcome>,
    besides?: (told: FoundOutcome) => Promise<LayerOutcome | undefined>,
  ): Promise<LayerOutcome> {
    const place = placeOf('process', target.id);
    try {
      const { mayComeBack, ...told } = await act();
      const both = together(told, await besides?.({ ...told, mayComeBack }));
      return { ...place, ...both, ...(mayComeBack && both.outcome === 'dead' && { needsRemoval: true }) };
    } catch (err) {
      log.error({ err, agentId: target.agentId }, UNREAD);
      return { ...place, outcome: 'failed', detail: UNREAD };
    }
  }

  return {
    ...sandbox,
    async kill(target, options) {
      const agent = stop.agentOf(target);
      if (agent === undefined) return sandbox.kill(target, options);
      return attempt(
        target,
        () => stop.kill(agent, options),
        async () => {
          const { id: _, ...unrecorded } = target;
          const isCarried = (await table.snapshot('all')).labelled(target.agentId).length > 0;
          return isCarried ? killByLabel(unrecorded, options) : undefined;
        },
      );
    },
    async remove(target, deadline) {
      const agent = stop.agentOf(target);
      if (agent === undefined) return sandbox.remove(target, deadline);
      return attempt(target, () => stop.watch(agent, deadline));
    },
  };
}
