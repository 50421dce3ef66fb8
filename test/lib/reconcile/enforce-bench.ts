import { discover } from '../../../lib/discovery/discover.js';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import { enforce } from '../../../lib/reconcile/enforce.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { type FakeCore, killOf, stopOn } from '../../fakes/core.js';

/** What one look at the sightings does. */
export async function look(
  bed: FakeCore,
  { core = bed.core, inFlight = createInFlight(core) } = {},
): Promise<void> {
  await enforce(core, inFlight, (await discover(core)).seen);
  await inFlight.idle();
}

export const told = ({ store }: FakeCore, operation: AuditEntry['operation']): AuditEntry[] =>
  store.memory.audit.filter(entry => entry.operation === operation);

/** Killed, and nothing of it is owed. */
export async function killedOne(bed: FakeCore, agentId = 'a1'): Promise<void> {
  await bed.agent(agentId);
  await stopOn(bed.core).stop(killOf(agentId));
}
