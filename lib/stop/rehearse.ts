import { placeOf } from '../domain/debt.js';
import type { LayerOutcome } from '../domain/outcome.js';
import { createPresence } from '../domain/presence.js';
import { createRecentKills } from '../domain/recent-kills.js';
import type { Core } from '../ports/core.js';
import type { Records } from '../ports/records.js';
import type { Log } from '../ports/runtime.js';
import type { Sandbox, Target } from '../ports/sandbox.js';
import { toHex } from '../util/crypto.js';

/** A core on which the kill of one agent, which does not exist, goes its whole way and changes nothing. */
export interface Rehearsal {
  readonly core: Core;
  readonly agentId: string;
}

/** Milliseconds; nothing waits for a rehearsal. */
const LIMITS = { respondMs: 2_000, killMs: 2_000, cleanupMs: 2_000 };

const ignore = async (): Promise<void> => undefined;
const SILENT: Log = { warn: ignore, error: ignore, info: ignore };

/**
 * The first kill of a process that was idle for days is the one that counts: code that has not run and connections that
 * were never used made it half as slow again. The store is read and asked to commit, which it refuses, because what it
 * is to compare with stands nowhere; the sandboxes look for an agent and a container whose names are random, or kill a
 * stand-in.
 * @param log whose lines are kept nowhere
 */
export function createRehearsal(core: Core, log: Log = SILENT): Rehearsal {
  const agentId = `rehearsal-${core.newId()}`;
  return {
    agentId,
    core: {
      ...core,
      records: withoutWrites(core.records, agentId),
      audit: { ...core.audit, append: ignore },
      journal: { ...core.journal, append: ignore },
      sandboxes: core.sandboxes.map(sandbox => only(agentId, sandbox)),
      scanners: [],
      recordCache: new Map(),
      recentKills: createRecentKills(),
      presence: createPresence(),
      log,
      limits: LIMITS,
    },
  };
}

function withoutWrites(records: Records, agentId: string): Records {
  const containerId = toHex(crypto.getRandomValues(new Uint8Array(32)));
  const raw = JSON.stringify({ agentId, status: 'running', containerId });
  /** The text of no document. */
  const expect = `never written ${containerId}`;
  return {
    ...records,
    async agents(agentIds) {
      await records.agents(agentIds);
      return [{ agentId, raw, tombstoned: false }];
    },
    async commit(steps) {
      await records.commit(steps.map(step => ({ ...step, expect })));
      return steps.map(() => 'committed');
    },
  };
}

/** Every so many times a sandbox really looks for the agent, which is what keeps its connection to an engine in use. */
const LOOK_EVERY = 4;

/** Asks a sandbox about the agent of the rehearsal alone, and has nothing removed. */
function only(agentId: string, { kind, kill, rehearse = kill, probe }: Sandbox): Sandbox {
  let turn = 0;
  const nothing = async ({ id }: Target): Promise<LayerOutcome> => ({
    ...placeOf(kind, id),
    outcome: 'alreadyGone',
  });
  return {
    kind,
    probe,
    async kill(target, options) {
      if (target.agentId !== agentId) throw new Error('A rehearsal is of one agent alone');
      return turn++ % LOOK_EVERY === 0 ? kill(target, options) : rehearse(target, options);
    },
    pause: nothing,
    resume: nothing,
    remove: nothing,
  };
}
