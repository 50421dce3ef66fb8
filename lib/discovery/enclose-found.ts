import { readRecord } from '../domain/record.js';
import type { Core } from '../ports/core.js';
import type { Enclosing, Enclosures, Pinned } from '../ports/enclosure.js';
import { agentReader, compareAndSet } from '../store/compare-and-set.js';
import { setMembers } from '../util/json-edit.js';

/** What a record says of the cgroup of its agent. */
const cgroupIn = (enclosing: Enclosing) =>
  enclosing.enclosed
    ? { path: enclosing.place, ...(enclosing.outside.length > 0 && { outside: enclosing.outside.length }) }
    : { missing: enclosing.why };

/** Gives an agent a cgroup of its own, and notes in its record which one, or why it has none. Never rejects. */
export async function encloseFound(
  core: Core,
  enclosures: Enclosures,
  agentId: string,
  members: readonly Pinned[],
): Promise<void> {
  try {
    const enclosing = await enclosures.enclose(agentId, members);
    if (!enclosing.enclosed)
      core.log.warn({ agentId, why: enclosing.why }, 'an agent has no cgroup of its own');
    const next = cgroupIn(enclosing);
    await compareAndSet(
      core,
      agentReader(core, agentId),
      stored => {
        const reading = stored && readRecord(stored);
        if (reading?.kind !== 'agent') return { value: undefined };
        const raw = setMembers(reading.raw, { cgroup: next });
        if (raw === reading.raw) return { value: undefined };
        const document = { kind: 'agent', id: agentId } as const;
        return { step: { document, expect: reading.raw, next: raw, audit: [] }, value: undefined };
      },
      'agent enclosed',
    );
  } catch (err) {
    core.log.error({ err, agentId }, 'the cgroup of an agent could not be made or noted');
  }
}
