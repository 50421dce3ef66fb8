import type { Actor } from '../domain/actor.js';
import { type Agent, isActive } from '../domain/agent.js';
import { authorize, covers } from '../domain/authorize.js';
import { readRecord } from '../domain/record.js';
import { type Core, isLocal } from '../ports/core.js';
import type { Finding } from './finding.js';
import type { HostScan } from './scan.js';

/**
 * A scan of this host, with what the records say of it: a finding that is in an active record is that agent. A narrowed
 * credential sees only the findings that it covers.
 * @param scan looks at this host
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function scanFor(core: Core, actor: Actor, scan: () => Promise<HostScan>): Promise<HostScan> {
  authorize(actor, 'agents:read');
  const [found, recorded] = await Promise.all([scan(), activeBySandbox(core)]);
  const findings = found.findings.flatMap((finding): Finding[] => {
    const agent = recorded.get(keyOf(finding));
    if (!covers(actor.within, agent ?? { agentId: finding.agentId, host: core.hostId })) return [];
    return [agent ? { ...finding, agentId: agent.agentId, adopted: true } : finding];
  });
  return { ...found, findings };
}

const keyOf = ({ kind, id }: { readonly kind: string; readonly id: string }): string => `${kind} ${id}`;

async function activeBySandbox(core: Core): Promise<ReadonlyMap<string, Agent>> {
  const bySandbox = new Map<string, Agent>();
  for await (const page of core.records.scan('active')) {
    for (const stored of page) {
      const reading = readRecord(stored);
      if (reading.kind !== 'agent' || !isActive(reading.agent.status) || !isLocal(core, reading.agent))
        continue;
      for (const sandbox of reading.agent.sandboxes) bySandbox.set(keyOf(sandbox), reading.agent);
    }
  }
  return bySandbox;
}
