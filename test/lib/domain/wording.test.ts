import { describe, expect, it } from 'vitest';
import { describeLayer } from '../../../lib/domain/layer-wording.js';
import {
  type AgentReceipt,
  areVerified,
  isOpen,
  isSandbox,
  type LayerOutcome,
  outcomeNames,
  pendingOf,
} from '../../../lib/domain/outcome.js';
import {
  describeAgent,
  describeAgents,
  describeErrors,
  describeLatch,
  describeSelector,
  describeState,
  describeStop,
  killAllMessage,
  killMessage,
  unseenWarning,
} from '../../../lib/domain/wording.js';

const receiptOf = (outcomes: readonly LayerOutcome[], more: Partial<AgentReceipt> = {}): AgentReceipt => ({
  agentId: 'a1',
  operationId: 'op',
  verified: areVerified(outcomes),
  pending: pendingOf(outcomes),
  outcomes,
  ...more,
});

describe('the words for the latch', () => {
  const hold = { selector: { taskId: 't1' }, since: '2026-11-22T10:00:00.000Z', by: 'alice' };

  it.each([
    ['is open', { engaged: false }, ['The emergency stop is not engaged: agents can run']],
    [
      'is open as far as a gateway could read it',
      { engaged: false, errors: ['a: unreachable'] },
      ['The emergency stop is not engaged where it could be read'],
    ],
    [
      'says which agents it is for cannot be read',
      { engaged: true },
      ['The emergency stop is ENGAGED for every agent: its stored selection cannot be read'],
    ],
    [
      'is engaged once',
      { engaged: true, ...hold, reason: 'leak' },
      [
        'The emergency stop is ENGAGED for the agents with task t1, since 2026-11-22T10:00:00.000Z by alice: leak',
      ],
    ],
    [
      'is engaged twice',
      { engaged: true, ...hold, holds: [hold, { since: hold.since, by: 'bob' }] },
      [
        'The emergency stop is ENGAGED for the agents with task t1, since 2026-11-22T10:00:00.000Z by alice',
        'The emergency stop is ENGAGED for every agent, since 2026-11-22T10:00:00.000Z by bob',
      ],
    ],
  ])('say that it %s', (_, latch, lines) => {
    expect(describeLatch(latch)).toEqual(lines);
  });
});

describe('the words for a layer', () => {
  it.each<[LayerOutcome, string]>([
    [
      { layer: 'container', outcome: 'dead', deadAfterMs: 9, detail: 'busy' },
      'container dead after 9 ms, not removed yet: busy',
    ],
    [{ layer: 'process', outcome: 'dead', deadAfterMs: 3 }, 'process dead after 3 ms'],
    [
      { layer: 'container', outcome: 'removed', deadAfterMs: 9, settledAfterMs: 90 },
      'container dead after 9 ms, removed after 90 ms',
    ],
    [
      { layer: 'worktree', outcome: 'removed', settledAfterMs: 6, quarantinePath: '/q/a1' },
      'worktree moved after 6 ms to /q/a1',
    ],
    [{ layer: 'worktree', outcome: 'removed', settledAfterMs: 6 }, 'worktree removed after 6 ms'],
    [{ layer: 'process', outcome: 'alreadyGone' }, 'process already gone'],
    [{ layer: 'container', outcome: 'notFound', detail: 'none' }, 'no container found: none'],
    [{ layer: 'container', outcome: 'skipped', detail: 'no engine' }, 'container not looked at: no engine'],
    [{ layer: 'process', outcome: 'blind', detail: 'not ours' }, 'process cannot be seen: not ours'],
    [{ layer: 'process', outcome: 'refused', detail: 'no label' }, 'process refused: no label'],
    [{ layer: 'worktree', outcome: 'failed', detail: 'busy' }, 'worktree failed: busy'],
    [{ layer: 'container', outcome: 'pending' }, 'container not confirmed yet'],
    [{ layer: 'process', outcome: 'paused', detail: 'by signals' }, 'process paused: by signals'],
    [{ layer: 'process', outcome: 'resumed' }, 'process runs again'],
  ])('%j: %s', (outcome, words) => {
    expect(describeLayer(outcome, { paths: true })).toBe(words);
  });

  it('show no path of the host where paths are not to be shown', () => {
    const moved: LayerOutcome = { layer: 'worktree', outcome: 'removed', quarantinePath: '/q/a1' };
    expect(describeLayer(moved, { paths: false })).toBe('worktree moved to the quarantine');
    expect(describeAgents({ agents: [receiptOf([moved])], total: 1 }).join()).not.toContain('/q');
  });
});

/** Every pair of sandbox outcomes, with each of a worktree. */
const matrix = outcomeNames.flatMap(container =>
  outcomeNames.flatMap(process =>
    ([undefined, 'removed', 'refused', 'pending'] as const).map(worktree => {
      const outcomes: LayerOutcome[] = [
        { layer: 'container', outcome: container },
        { layer: 'process', outcome: process },
        ...(worktree ? [{ layer: 'worktree', outcome: worktree } as const] : []),
      ];
      return receiptOf(outcomes);
    }),
  ),
);

describe('the texts about one agent', () => {
  it.each<[readonly LayerOutcome[], string, string]>([
    [[{ layer: 'container', outcome: 'removed' }], 'dead', 'Agent a1 killed successfully'],
    [
      [{ layer: 'container', outcome: 'dead' }],
      'dead, not cleaned up',
      'Agent a1 is dead; not cleaned up yet: container',
    ],
    [
      [
        { layer: 'process', outcome: 'dead' },
        { layer: 'worktree', outcome: 'refused' },
      ],
      'dead, not cleaned up',
      'Agent a1 is dead; not cleaned up yet: worktree refused',
    ],
    [
      [{ layer: 'container', outcome: 'refused' }],
      'NOT CONFIRMED DEAD',
      'Agent a1 is not confirmed dead: container refused',
    ],
    [
      [{ layer: 'container', outcome: 'notFound' }],
      'nothing was seen running',
      'Agent a1 killed successfully',
    ],
    [
      [
        { layer: 'process', outcome: 'notFound' },
        { layer: 'worktree', outcome: 'failed' },
      ],
      'nothing was seen running',
      'Agent a1 is marked killed, and nothing of it was seen running; not cleaned up yet: worktree',
    ],
  ])('%j: %s; %s', (outcomes, state, message) => {
    const receipt = receiptOf(outcomes);
    expect(describeState(receipt)).toBe(state);
    expect(killMessage('a1', receipt)).toBe(message);
    expect(describeAgent(receipt)).toMatch(new RegExp(`^a1: ${state}; `));
  });

  it('never call dead what may run, nor say that it may run of what is dead, in any cell of the matrix', () => {
    for (const receipt of matrix) {
      const mayRun = receipt.outcomes.some(seen => isSandbox(seen) && isOpen(seen));
      const [state, message] = [describeState(receipt), killMessage('a1', receipt)];
      const settled = receipt.pending.length === 0;
      const headline = describeStop(
        { message, verified: receipt.verified, settled, total: 1, killed: mayRun ? 0 : 1, agents: [receipt] },
        'a1',
      );
      expect(/not confirmed dead/i.test(state)).toBe(mayRun);
      expect(/not confirmed dead/.test(message)).toBe(mayRun);
      expect(/^dead/.test(state)).toBe(receipt.verified);
      expect(/is dead|successfully/.test(message) && mayRun).toBe(false);
      expect(/ is dead/.test(message) && !receipt.verified).toBe(false);
      expect(/seen dead|is dead/.test(headline)).toBe(receipt.verified);
      expect(describeErrors('a1', receipt).length > 0).toBe(receipt.pending.length > 0);
    }
  });

  it('say why it was not marked killed, before anything else', () => {
    const error = { code: 'conflict', detail: 'The record kept changing' };
    const receipt = receiptOf([{ layer: 'process', outcome: 'dead' }], { error, verified: false });
    expect(killMessage('a1', receipt)).toBe('Agent a1 could not be marked killed: The record kept changing');
    expect(describeAgent(receipt)).toBe('a1: not marked killed: The record kept changing; process dead');
    expect(describeErrors('a1', receipt)).toEqual(['a1: The record kept changing']);
  });
});

describe('the texts about several agents', () => {
  const counts = { total: 0, killed: 0, pending: 0, refused: 0 };
  it.each<[Partial<typeof counts>, boolean, string]>([
    [{}, false, 'No active agents to kill'],
    [{}, true, 'No active agents found yet'],
    [{ total: 1, killed: 1 }, false, '1 of 1 agent killed'],
    [
      { total: 2, killed: 1, pending: 1 },
      false,
      '1 of 2 agents killed, 1 not confirmed dead, 1 not cleaned up yet',
    ],
    [{ total: 2, killed: 2 }, true, '2 of 2 agents killed, not every agent was reached'],
  ])('%j, incomplete %s: %s', (some, incomplete, message) => {
    expect(killAllMessage({ ...counts, ...some }, incomplete)).toBe(message);
  });

  const all = { message: 'the message', verified: true, settled: true, total: 2, killed: 2, agents: [] };
  it.each<[Partial<typeof all>, string]>([
    [{}, '2 agents killed: all were seen dead'],
    [{ settled: false }, '2 agents dead, and not all is cleaned up'],
    [{ verified: false }, 'the message; not every one was seen running'],
    [{ verified: false, settled: false, killed: 1 }, '1 of 2 agents stopped, the rest is NOT confirmed dead'],
    [{ total: 0, killed: 0 }, 'the message'],
  ])('a headline for %j: %s', (some, headline) => {
    expect(describeStop({ ...all, ...some }, undefined)).toBe(headline);
  });

  it('name those first that were not seen dead, and count those beyond ten', () => {
    const dead = receiptOf([{ layer: 'process', outcome: 'dead' }]);
    const agents = [...Array.from({ length: 11 }, () => dead), { ...dead, agentId: 'a2', verified: false }];
    const lines = describeAgents({ agents, total: 12 });
    expect([lines[0]?.slice(0, 3), lines.length, lines.at(-1)]).toEqual(['a2:', 11, 'and 2 agents more']);
  });

  it('name what was never seen running', () => {
    expect(unseenWarning(['a1', 'a2'], 3)).toBe(
      'nothing was seen running of a1, a2, 3 more: marked killed by the record alone',
    );
  });

  it('name what a selector selects', () => {
    expect(describeSelector({})).toBe('every agent');
    expect(
      describeSelector({
        agentIds: ['a1', 'a2'],
        host: 'h1',
        status: ['running'],
        labels: { team: 'core' },
        source: 'observed',
        detector: 'label',
      }),
    ).toBe(
      'the agents with ID a1 or a2, host h1, status running, label team=core, source observed, detector label',
    );
  });
});
