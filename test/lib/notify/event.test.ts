import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import { eventOf, MAX_LISTED } from '../../../lib/notify/event.js';

const entry = (more: Partial<AuditEntry>): AuditEntry => ({
  timestamp: '2026-11-22T10:00:00.000Z',
  operation: 'KILL_AGENT',
  phase: 'accepted',
  actor: 'alice',
  ...more,
});
const dead = { layer: 'container', outcome: 'removed' } as const;

describe('the event of an audit entry', () => {
  it.each<[AuditEntry['operation'], AuditEntry['phase'], string]>([
    ['KILL_AGENT', 'accepted', 'killswitch.activated'],
    ['KILL_AGENT', 'settled', 'killswitch.settled'],
    ['KILL_AGENT', 'unconfirmed', 'killswitch.unverified'],
    ['KILL_ALL_AGENTS', 'accepted', 'killswitch.activated'],
    ['KILL_ALL_AGENTS', 'settled', 'killswitch.settled'],
    ['KILL_ALL_AGENTS', 'unconfirmed', 'killswitch.unverified'],
    ['RESURRECTION', 'settled', 'killswitch.resurrection'],
    ['LATCH_ENFORCED', 'unconfirmed', 'killswitch.latch.enforced'],
    ['ENGAGE_LATCH', 'done', 'killswitch.latch.engaged'],
    ['RESET_LATCH', 'done', 'killswitch.latch.reset'],
    ['SWEEP', 'settled', 'killswitch.swept'],
    ['ACCESS_DENIED', 'refused', 'killswitch.denied'],
  ])('of %s %s is %s', (operation, phase, type) => {
    expect(eventOf(entry({ operation, phase }))).toMatchObject({
      type,
      timestamp: '2026-11-22T10:00:00.000Z',
      data: { operation, phase, actor: 'alice' },
    });
  });

  it.each(['REGISTER_AGENT', 'TRANSITION_AGENT', 'ADOPT_AGENT', 'OF_A_NEWER_VERSION'])(
    'of %s is none',
    operation => {
      expect(eventOf({ ...entry({}), operation: operation as 'SWEEP' })).toBeUndefined();
    },
  );

  it('says of a settled stop that a layer was refused', () => {
    const outcomes = [dead, { layer: 'process', outcome: 'refused' }] as const;
    expect(eventOf(entry({ phase: 'settled', outcomes }))).toMatchObject({
      type: 'killswitch.unverified',
      data: { verified: false, pending: ['process'] },
    });
  });

  it('says what was seen, and what is owed', () => {
    const outcomes = [dead, { layer: 'worktree', outcome: 'failed', detail: 'busy' }] as const;
    expect(eventOf(entry({ phase: 'unconfirmed', outcomes }))?.data).toMatchObject({
      verified: true,
      pending: ['worktree'],
      outcomes,
    });
  });

  it('takes no path of this host out of it, and no megabytes that a program wrote into a record', () => {
    const told = eventOf(
      entry({
        taskId: 'x'.repeat(1e6),
        outcomes: [
          { layer: 'worktree', outcome: 'removed', quarantinePath: '/srv/q', detail: 'd'.repeat(1e6) },
        ],
        errors: Array.from({ length: 1_000 }, () => 'e'.repeat(2_000)),
        selector: { taskId: 't1', agentIds: Array.from({ length: 10_000 }, (_, n) => `a${n}`) },
      }),
    );
    const text = JSON.stringify(told);
    expect(text).not.toContain('/srv/q');
    expect(text.length).toBeLessThan(30_000);
    expect(told?.data.errors).toHaveLength(MAX_LISTED);
    expect(told?.data.selector).toMatchObject({ taskId: 't1' });
  });
});
