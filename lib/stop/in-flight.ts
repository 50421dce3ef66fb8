import type { Command } from '../domain/command.js';
import { type Core, isLocal } from '../ports/core.js';
import { batchRecords } from '../store/batch.js';
import { type AgentKill, type KillCore, type KillOrder, killAgent } from './kill-agent.js';
import { type Entry, openEntry, type ReceiptBuilder } from './receipt.js';
import { openClaims } from './worktree-claims.js';

/** One command that this process carries out. */
export interface Job<C extends Command = Command> {
  readonly command: C;
  readonly order: KillOrder;
  readonly receipt: ReceiptBuilder;
  readonly inFlight: InFlight;
}

/** The agents that this process is killing right now. */
export interface InFlight {
  /**
   * Starts a kill, or joins the one under way for the same operation, unless that waits out a longer grace: two
   * commands for one agent clean up after it once. Answers at once.
   */
  run(kill: AgentKill): Entry;
  has(agentId: string): boolean;
  /** Resolves when none is left. */
  idle(): Promise<void>;
}

export function createInFlight(core: Core): InFlight {
  const flights = new Map<string, { readonly kill: AgentKill; readonly entry: Entry }>();
  const claims = openClaims(core, () =>
    [...flights.values()].map(({ entry }) => ({ agent: entry.agent, isDown: entry.isDown === true })),
  );
  // A kill-all settles many agents one by one.
  const kinds = core.sandboxes.map(({ kind }) => kind);
  const killing: KillCore = { ...core, records: batchRecords(core.records), claims };

  return {
    run(kill) {
      const { agentId } = kill.agent;
      const known = flights.get(agentId);
      if (known?.kill.operationId === kill.operationId && reaches(known.kill, kill)) return known.entry;
      if (kill.isRecorded && !isLocal(core, kill.agent)) return elsewhere(core, kill);
      const work = (one: Entry): Promise<void> =>
        killAgent(killing, kill, one).finally(() => {
          if (flights.get(agentId)?.entry === one) flights.delete(agentId);
        });
      const entry = openEntry(kill, core.clock, work, kinds);
      flights.set(agentId, { kill, entry });
      return entry;
    },
    has: agentId => flights.has(agentId),
    async idle() {
      while (flights.size > 0) await Promise.all([...flights.values()].map(({ entry }) => entry.done));
    },
  };
}

/** Whether a kill under way does all that another one would. */
const reaches = (one: AgentKill, other: AgentKill): boolean =>
  one.graceMs <= other.graceMs && (one.shared === true || other.shared !== true);

/** The node of the agent's host finds in the store what is owed, and kills it. */
const elsewhere = ({ clock }: Core, kill: AgentKill): Entry =>
  openEntry({ ...kill, detail: `host ${kill.agent.host} has not answered` }, clock, async () => undefined);
