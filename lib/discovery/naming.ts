import { type Agent, isActive } from '../domain/agent.js';
import { isStoreDown } from '../domain/errors.js';
import { type Reading, readRecord } from '../domain/record.js';
import { type Core, isLocal } from '../ports/core.js';
import { processAgentId } from './agent-ids.js';
import type { Finding } from './finding.js';

/** A finding under the ID of the agent that it is, or would be. */
export interface Named {
  readonly finding: Finding;
  /** Of that ID. `killed`: it never runs again under it. `ended`: it may. `unknown`: the store did not answer. */
  readonly state: 'active' | 'killed' | 'ended' | 'none' | 'unknown';
}

/** Tells which agents findings are already. */
export interface Naming {
  /** @param findings of one look. Never rejects because of the store. */
  name(findings: readonly Finding[]): Promise<readonly Named[]>;
}

type NamingCore = Pick<Core, 'records' | 'recentKills' | 'hostId'>;

/**
 * A process stays the agent that it is in the records, although a tool names its session late, or gives itself another
 * one: its ID goes by the process that the record names, which is remembered, and read from the records at the start.
 */
export function createNaming(core: NamingCore): Naming {
  let known = new Map<string, string>();
  let isRecalled = false;

  async function recall(): Promise<void> {
    if (isRecalled) return;
    for await (const page of core.records.scan('active')) {
      for (const stored of page) {
        const reading = readRecord(stored);
        if (reading.kind !== 'agent' || !isLocal(core, reading.agent)) continue;
        for (const { id } of reading.agent.sandboxes) known.set(id, stored.agentId);
      }
    }
    isRecalled = true;
  }

  async function look(findings: readonly Finding[]): Promise<readonly Named[]> {
    await recall();
    const idsOf = (finding: Finding): readonly string[] => [
      ...new Set([known.get(finding.id) ?? finding.agentId, finding.agentId, processAgentId(finding)]),
    ];
    const ids = [...new Set(findings.flatMap(idsOf))];
    const [stored, marks] = await Promise.all([core.records.agents(ids), core.records.tombstoned(ids)]);
    const readings = new Map(stored.map(one => [one.agentId, readRecord(one)]));
    const killed = new Set(ids.filter((id, at) => marks[at] || core.recentKills.has(id)));

    const isNow = (finding: Finding, id: string): boolean => {
      const agent = agentIn(readings.get(id));
      return (
        agent !== undefined && isActive(agent.status) && agent.sandboxes.some(one => one.id === finding.id)
      );
    };
    const now = new Map(findings.map(one => [one, idsOf(one).find(id => isNow(one, id))]));
    const taken = new Set(now.values());
    return findings.map(finding => {
      const [first = '', ...others] = idsOf(finding).filter(id => !taken.has(id));
      const agentId =
        now.get(finding) ?? [first, ...others].find(id => killed.has(id)) ?? (first || finding.agentId);
      taken.add(agentId);
      return { finding: { ...finding, agentId }, state: stateOf(readings.get(agentId), killed.has(agentId)) };
    });
  }

  return {
    async name(findings) {
      let named: readonly Named[];
      try {
        named = await look(findings);
      } catch (error) {
        if (!isStoreDown(error)) throw error;
        named = findings.map(finding => {
          const agentId = known.get(finding.id) ?? finding.agentId;
          return {
            finding: { ...finding, agentId },
            state: core.recentKills.has(agentId) ? 'killed' : 'unknown',
          };
        });
        return named;
      }
      known = new Map(
        named.flatMap(({ finding, state }) =>
          state === 'active' ? [[finding.id, finding.agentId] as const] : [],
        ),
      );
      return named;
    },
  };
}

const agentIn = (reading: Reading | undefined): Agent | undefined =>
  reading?.kind === 'agent' ? reading.agent : undefined;

function stateOf(reading: Reading | undefined, isKilled: boolean): Named['state'] {
  const status = agentIn(reading)?.status;
  if (isKilled || status === 'killed') return 'killed';
  if (status === undefined) return reading === undefined ? 'none' : 'active';
  return isActive(status) ? 'active' : 'ended';
}
