import { type Agent, isActive } from '../domain/agent.js';
import { KillswitchError } from '../domain/errors.js';
import { readRecord } from '../domain/record.js';
import type { Core } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import type { Claimed } from '../ports/worktrees.js';
import { batch } from '../store/batch.js';
import { createPathOverlaps, normalized, type RequestedPath } from '../util/path-overlap.js';

/** An agent that this process is stopping right now. */
export interface Stopping {
  readonly agent: Pick<Agent, 'agentId'> & Partial<Agent>;
  /** It was seen dead: nothing of it works in any worktree any more. */
  readonly isDown: boolean;
}

export interface Claims {
  /** For the agent whose worktree is about to be moved. */
  against(agentId: string): Claimed;
}

/** One who wants to move a worktree, and what was found so far against that. */
interface Ask {
  readonly agentId: string;
  readonly places: readonly RequestedPath[];
}

interface Claimants {
  /** IDs of those that may work in it. */
  readonly running: Set<string>;
  /** IDs of those that were killed and not yet seen dead. */
  readonly dying: Set<string>;
}

type Claim = keyof Claimants;

/** How many debts of this host are looked at; an agent that this process is stopping is known without them. */
const OWED = 10_000;
const PAGE = 1_000;
const NAMED = 3;

/** Whether a record is a claim: until its agent has ended, or was seen dead. */
function claimOf({ status, kill }: Agent): Claim | undefined {
  if (isActive(status)) return 'running';
  const owesDeath = status === 'killed' && kill?.confirmedAt === undefined;
  return owesDeath && kill?.pending.some(layer => layer !== 'worktree') ? 'dying' : undefined;
}

function agentIn(stored: StoredAgent): Agent | undefined {
  const reading = readRecord(stored);
  return reading.kind === 'agent' ? reading.agent : undefined;
}

/** Notes who of those that ask is in the way of whom. */
function openNotes({ hostId }: Pick<Core, 'hostId'>, asks: readonly Ask[]) {
  const overlaps = createPathOverlaps<Ask>();
  for (const ask of asks) for (const place of ask.places) overlaps.add(place, ask);
  const found = new Map(asks.map(ask => [ask, { running: new Set(), dying: new Set() } as Claimants]));
  /** Those who ask for what this agent names. A path is a place on one host; without a host it may be this one. */
  function askersOf({ agentId, host, worktreePath }: Stopping['agent']): readonly Ask[] {
    if (worktreePath === undefined || (host !== undefined && host !== hostId)) return [];
    return [...overlaps.of(normalized(worktreePath) ?? '')].filter(ask => ask.agentId !== agentId);
  }
  return {
    isAsked: (agent: Stopping['agent']): boolean => askersOf(agent).length > 0,
    note(agent: Stopping['agent'], claim: Claim | undefined): void {
      if (claim === undefined) return;
      for (const ask of askersOf(agent)) found.get(ask)?.[claim].add(agent.agentId);
    },
    of: (ask: Ask): Claimants => found.get(ask) ?? { running: new Set(), dying: new Set() },
  };
}

function listed(ids: ReadonlySet<string>): string {
  const all = [...ids].sort();
  const more = all.length - NAMED;
  return all.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const ALSO = 'other records name it, or a directory above or below it';

function wordsOf({ running, dying }: Claimants): Awaited<ReturnType<Claimed>> {
  if (running.size > 0) {
    const detail = `${ALSO}: ${listed(running)}; stop these agents, or correct the records`;
    return { outcome: 'refused', detail };
  }
  if (dying.size === 0) return undefined;
  return { outcome: 'pending', detail: `${ALSO}: ${listed(dying)}, not seen dead yet` };
}

/**
 * Answers whose worktree a directory is besides the agent that was stopped, by the records: those in the index of
 * active agents, those that this host owes something for, those that this process stops or remembers (so that one
 * which another program wrote is known as soon as it runs here under a label). All who ask at the same time share one
 * pass, which begins after the last of them asked.
 * @param stopping the agents that this process is stopping at the moment of the call
 */
export function openClaims(core: Core, stopping: () => Iterable<Stopping>): Claims {
  const { records, recordCache, hostId, log } = core;

  async function pass(asks: readonly Ask[]): Promise<readonly Awaited<ReturnType<Claimed>>[]> {
    const notes = openNotes(core, asks);
    const isDown = new Map<string, boolean>();
    for (const one of stopping()) {
      isDown.set(one.agent.agentId, one.isDown);
      notes.note(one.agent, one.isDown ? undefined : 'dying');
    }
    const remember = [...recordCache.values()].filter(notes.isAsked);
    const look = (page: readonly StoredAgent[]): void => {
      for (const stored of page) {
        const agent = agentIn(stored);
        const claim = agent && claimOf(agent);
        if (agent && !(claim === 'dying' && isDown.get(agent.agentId))) notes.note(agent, claim);
      }
    };
    try {
      for await (const page of records.scan('active')) look(page);
      const owing = await records.debts(hostId, Number.MAX_SAFE_INTEGER, OWED);
      const others = [...new Set([...owing, ...remember.map(({ agentId }) => agentId)])];
      const unknown = others.filter(agentId => !isDown.has(agentId));
      for (let at = 0; at < unknown.length; at += PAGE)
        look(await records.agents(unknown.slice(at, at + PAGE)));
      return asks.map(ask => wordsOf(notes.of(ask)));
    } catch (error) {
      if (!(error instanceof KillswitchError))
        log.error({ err: error }, 'who else names a worktree was not read');
      for (const agent of remember) notes.note(agent, claimOf(agent));
      return asks.map(ask => wordsOf(notes.of(ask)) ?? UNKNOWN);
    }
  }

  const ask = batch(pass);
  return { against: agentId => places => ask({ agentId, places }) };
}

const UNKNOWN = {
  outcome: 'pending',
  detail: 'left in place: the store does not answer, so it is unknown whether another record names it',
} as const;
