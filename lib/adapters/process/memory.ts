import { AGENT_ID } from '../../domain/agent.js';
import { gather } from './gather.js';
import type { Kinship } from './standing.js';
import { type Kind, kindOf } from './surrounding.js';
import { type HostProcess, type Identity, identity, type ProcessTable, type Snapshot } from './table.js';

/** Agents that are remembered; the one that was met longest ago goes for a new one. */
const CAPACITY = 10_000;

interface Kin {
  readonly members: readonly Identity[];
  readonly eldest?: Identity | undefined;
  readonly enclosed?: boolean;
}

/** What was seen of all agents in one look. */
export interface Noted {
  /** Its processes that carry its ID, by agent. */
  readonly carriers: ReadonlyMap<string, readonly HostProcess[]>;
  /** Whether a process merely inherited the ID of this agent. */
  isBystander(process: HostProcess, agentId: string): boolean;
}

/**
 * What this node saw of each agent: so that a process which was seen to descend from it is still known as the agent's
 * when it has cleared its environment and lost its parent. Members are pinned by PID and start time.
 */
export interface Memory {
  /** Remembers who belongs to whom in this look. */
  note(snapshot: Snapshot): Noted;
  /** Remembers that there was such an agent, and whether it was killed with a cgroup of its own. */
  met(agentId: string, enclosed: boolean): void;
  knows(agentId: string): boolean;
  wasEnclosed(agentId: string): boolean;
  /** What helps to tell the agent's processes from others, for one kill or one look. */
  kinshipOf(agentId: string): Kinship;
}

export function createMemory(table: Pick<ProcessTable, 'programOf'>, capacity = CAPACITY): Memory {
  const agents = new Map<string, Kin>();

  const keep = (agentId: string, kin: Kin): void => {
    agents.delete(agentId);
    agents.set(agentId, kin);
    for (const [oldest] of agents) {
      if (agents.size <= capacity) break;
      agents.delete(oldest);
    }
  };
  const kinshipWith = (agentId: string, kinds: (process: HostProcess) => Kind | undefined): Kinship => {
    const { members = [], eldest } = agents.get(agentId) ?? {};
    return { seen: members, eldest, kindOf: kinds };
  };

  return {
    note(snapshot) {
      const kinds = kindsBy(table);
      const carriers = new Map<string, readonly HostProcess[]>();
      const inherited = new Map<string, ReadonlySet<HostProcess>>();
      const labels = snapshot.all.flatMap(process => process.labels).filter(label => AGENT_ID.test(label));
      const remembered = [...agents].flatMap(([agentId, { members }]) =>
        members.length > 0 ? [agentId] : [],
      );
      for (const agentId of new Set([...labels, ...remembered])) {
        const gathered = gather(snapshot, agentId, new Map(), kinshipWith(agentId, kinds));
        const { living, eldest, bystanders } = gathered;
        if (bystanders.length > 0) inherited.set(agentId, new Set(bystanders));
        const own = living.filter(process => process.labels.includes(agentId));
        if (own.length > 0) carriers.set(agentId, own);
        const members = living.map(({ pid, startTime }) => ({ pid, startTime }));
        if (members.length === 0 && !agents.has(agentId)) continue;
        // An ID may be used again when all is gone.
        keep(agentId, members.length > 0 ? { members, eldest } : { members });
      }
      return {
        carriers,
        isBystander: (process, agentId) => inherited.get(agentId)?.has(process) === true,
      };
    },
    met: (agentId, enclosed) => keep(agentId, { members: [], ...agents.get(agentId), enclosed }),
    knows: agentId => agents.has(agentId),
    wasEnclosed: agentId => agents.get(agentId)?.enclosed === true,
    kinshipOf: agentId => kinshipWith(agentId, kindsBy(table)),
  };
}

/** Asks only once what a process runs, until its next exec. */
function kindsBy({ programOf }: Pick<ProcessTable, 'programOf'>): (process: HostProcess) => Kind | undefined {
  const known = new Map<string, Kind | undefined>();
  return process => {
    const key = `${identity(process)}/${process.command}/${process.image}`;
    if (!known.has(key)) known.set(key, kindOf(process, programOf));
    return known.get(key);
  };
}
