import type { Actor } from '../domain/actor.js';
import { isActive } from '../domain/agent.js';
import { isStoreDown } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import { jitter } from '../util/backoff.js';
import { endLeftovers, type Look, lookForLeftovers, type SweepSources } from './sweep.js';
import { tellSwept } from './sweep-records.js';

/** `observe` tells what ended agents left; `enforce` ends it as well. */
export type SweepMode = 'observe' | 'enforce';

/** What ended agents hold on this host, by the latest look. */
export interface Orphans {
  readonly processes: number;
  readonly memoryBytes: number;
}

export interface SweepPolicy {
  start(): void;
  /** `undefined`: not looked yet, or the latest look failed. */
  orphans(): Orphans | undefined;
  /** Ends after the look that is under way. */
  close(): Promise<void>;
}

/** Milliseconds. */
const INTERVAL = 60_000;
const OLDER_THAN = 60_000;
/** For what is ended to be seen to be gone. */
const PATIENCE = 10_000;

/** It acts on no request, and may do nothing else. */
export const sweepActor: Actor = {
  kind: 'local',
  subject: 'policy:sweep',
  scopes: new Set(),
  within: {},
};

type PolicyCore = Pick<Core, 'audit' | 'clock' | 'log' | 'newId'>;

/**
 * Looks once a minute for what ended agents left on this host, and tells it when it changes. Where it may end it, it
 * ends no process of an agent whose record calls it active: its orchestrator has not said yet that it has ended.
 */
export function createSweepPolicy(core: PolicyCore, sources: SweepSources, mode: SweepMode): SweepPolicy {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = Promise.resolve();
  let orphans: Orphans | undefined;
  let told = '';
  let isClosed = false;

  async function look(): Promise<void> {
    try {
      const found = await lookForLeftovers(sources, OLDER_THAN);
      tell(found);
      const due = found.leftovers.filter(({ status }) => status === undefined || !isActive(status));
      if (mode === 'observe' || due.length === 0) return;
      const deadline = AbortSignal.timeout(PATIENCE);
      const swept = await endLeftovers(sources, due, { deadline, olderThan: OLDER_THAN });
      await tellSwept(core, swept, { actor: sweepActor, operationId: core.newId() });
      orphans = sumOf(await lookForLeftovers(sources, OLDER_THAN));
    } catch (err) {
      if (isStoreDown(err)) return;
      orphans = undefined;
      core.log.error({ err }, 'what ended agents left could not be looked for');
    }
  }

  function tell(found: Look): void {
    orphans = sumOf(found);
    const agentIds = found.leftovers.map(({ agentId }) => agentId);
    const names = agentIds.toSorted().join(' ');
    if (names !== told && names !== '')
      core.log.warn({ ...orphans, agentIds }, 'ended agents left processes behind');
    told = names;
  }

  const run = (): void => {
    looking = look().finally(() => {
      if (!isClosed) timer = setTimeout(run, jitter(INTERVAL)).unref();
    });
  };
  return {
    start: run,
    orphans: () => orphans,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

const sumOf = ({ leftovers }: Look): Orphans => ({
  processes: leftovers.reduce((sum, { processes }) => sum + processes.length, 0),
  memoryBytes: leftovers.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
});
