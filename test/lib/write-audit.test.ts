import { describe, expect, it } from 'vitest';
import type { Receipt } from '../../lib/outcome.js';
import { auditKillAll } from '../../lib/write-audit.js';
import { fakeCore, killAllOf, killOf } from '../fakes/core.js';

const receipt: Receipt = {
  operationId: 'op',
  message: '2 of 2 agents killed',
  verified: true,
  total: 2,
  killed: 2,
  failed: 0,
  pending: 0,
  refused: 0,
  agents: [],
};

describe('the audit of a kill-all', () => {
  it('says who asked for what, in the log and in the store', async () => {
    const { core, store, log } = fakeCore();
    const command = killAllOf({ reason: 'drill', requestId: 'req', selector: { taskId: 't1' } });
    await auditKillAll(core, command, 'accepted');
    const entry = {
      timestamp: '2026-11-22T10:00:00.000Z',
      operation: 'KILL_ALL_AGENTS',
      phase: 'accepted',
      operationId: command.operationId,
      requestId: 'req',
      actor: 'alice',
      reason: 'drill',
      selector: { taskId: 't1' },
    };
    expect(store.memory.audit).toEqual([entry]);
    expect(log.lines).toEqual([{ level: 'warn', entry, message: 'kill-all accepted' }]);
  });

  it.each<[string, Partial<Receipt>]>([
    ['settled', {}],
    ['unconfirmed', { failed: 1, killed: 1, errors: ['a1: process pending'] }],
    ['unconfirmed', { pending: 1 }],
    ['unconfirmed', { incomplete: true }],
  ])('says that it ended %s with %j', async (phase, more) => {
    const { core, store } = fakeCore();
    await auditKillAll(core, killAllOf(), 'settled', { ...receipt, ...more });
    const { incomplete: _, ...told } = more;
    expect(store.memory.audit).toMatchObject([
      { phase, total: 2, killed: 2, failed: 0, pending: 0, ...told },
    ]);
  });

  it('is not of a dry run, nor of one agent', async () => {
    const { core, store, log } = fakeCore();
    await auditKillAll(core, killAllOf({ dryRun: true }), 'accepted');
    await auditKillAll(core, killOf('a1'), 'accepted');
    expect([...store.memory.audit, ...log.lines]).toEqual([]);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('full'))],
    [
      'throws',
      () => {
        throw new Error('full');
      },
    ],
  ])('stands in the log when the store %s', async (_, append) => {
    const { core, log } = fakeCore();
    await auditKillAll({ ...core, audit: { ...core.audit, append } }, killAllOf(), 'accepted');
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'kill-all accepted'],
      ['error', 'audit entry not stored'],
    ]);
  });
});
