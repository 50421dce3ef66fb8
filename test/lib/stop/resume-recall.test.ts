import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { orderOf } from '../../../lib/stop/kill-agent.js';
import { recall } from '../../../lib/stop/resume.js';
import { fakeCore, killAllOf } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

const timestamp = '2026-11-22T10:00:00.000Z';
const command = killAllOf({ operationId: 'op' });
const gone = [{ layer: 'container', outcome: 'removed' }] as const;
const entry = (agentId: string, phase: AuditEntry['phase'], more: Partial<AuditEntry> = {}): AuditEntry => ({
  timestamp,
  operation: 'KILL_AGENT',
  operationId: 'op',
  actor: 'alice',
  agentId,
  phase,
  ...more,
});
const accepted = (agentId: string) => entry(agentId, 'accepted', { statusBefore: 'running' });
const settled = (agentId: string) => entry(agentId, 'settled', { outcomes: gone });

/** An agent that was marked killed, by this operation unless told, and owes unless it is paid. */
const killed = (bed: Bed, agentId: string, kill: object = {}) =>
  bed.agent(agentId, {
    status: 'killed',
    members: {
      kill: {
        operationId: 'op',
        requestedAt: timestamp,
        requestedBy: 'alice',
        pending: ['container'],
        attempts: 0,
        ...kill,
      },
    },
  });
const paid = { pending: [], confirmedAt: timestamp };

/** Recalls, and tells how often the audit was read. Before the second time `meanwhile` is written there. */
async function recalled(bed: Bed, ...meanwhile: readonly AuditEntry[]) {
  let reads = 0;
  const audit = {
    ...bed.core.audit,
    query: (query: Parameters<typeof bed.core.audit.query>[0]) => {
      if (++reads === 2) bed.store.memory.audit.push(...meanwhile);
      return bed.core.audit.query(query);
    },
  };
  const core = { ...bed.core, audit };
  const { known } = await recall(core, { order: orderOf(core, command), inFlight: createInFlight(core) });
  await Promise.all(known.map(({ done }) => done));
  return { known, reads };
}

describe('what a command had done before', () => {
  it('hears of those that are settled as they were, with their record', async () => {
    const bed = fakeCore();
    await killed(bed, 'a1', paid);
    bed.store.memory.audit.push(accepted('a1'), settled('a1'));
    const { known, reads } = await recalled(bed);
    expect(known).toMatchObject([
      { agent: { agentId: 'a1', taskId: 't1' }, statusBefore: 'running', outcomes: gone },
    ]);
    expect(reads).toBe(1);
  });

  it('is worked on again for those that owe, and the audit is not read twice for them', async () => {
    const bed = fakeCore();
    const agent = await killed(bed, 'a1');
    bed.store.memory.audit.push(accepted('a1'));
    const { known, reads } = await recalled(bed);
    expect([known.length, await agent.isAlive(), reads]).toEqual([1, false, 1]);
  });

  it('is looked up again where one of several was paid for between two looks', async () => {
    const bed = fakeCore();
    await killed(bed, 'a1', paid);
    const owing = await killed(bed, 'a2');
    bed.store.memory.audit.push(accepted('a1'), accepted('a2'));
    const { known, reads } = await recalled(bed, settled('a1'));
    expect(known.map(({ agent }) => agent.agentId)).toEqual(['a1', 'a2']);
    expect(known[0]?.outcomes).toEqual(gone);
    expect([await owing.isAlive(), reads]).toEqual([false, 2]);
  });

  it('is not known of one that another operation has killed since', async () => {
    const bed = fakeCore();
    await killed(bed, 'a1', { operationId: 'another' });
    bed.store.memory.audit.push(accepted('a1'));
    expect((await recalled(bed)).known).toEqual([]);
  });

  it('has no status before where the audit tells none', async () => {
    const bed = fakeCore();
    await killed(bed, 'a1', paid);
    bed.store.memory.audit.push(entry('a1', 'accepted'), settled('a1'));
    expect((await recalled(bed)).known[0]).not.toHaveProperty('statusBefore');
  });

  it('is worked on by its label alone where its record is gone and nothing was settled', async () => {
    const bed = fakeCore();
    const stray = bed.containers.spawn('a1');
    await bed.store.audit.append([accepted('a1')]);
    const { known } = await recall(bed.core, {
      order: orderOf(bed.core, command),
      inFlight: createInFlight(bed.core),
    });
    await Promise.all(known.map(({ done }) => done));
    expect(known.map(({ agent }) => agent.agentId)).toEqual(['a1']);
    expect(await stray.isRunning()).toBe(false);
  });
});
