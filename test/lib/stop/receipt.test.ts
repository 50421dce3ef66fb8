import { describe, expect, it } from 'vitest';
import { KillswitchError } from '../../../lib/domain/errors.js';
import type { LayerOutcome } from '../../../lib/domain/outcome.js';
import { createReceipt, type Entry, endedEntry } from '../../../lib/stop/receipt.js';
import { killAllOf, killOf } from '../../fakes/core.js';

const entryOf = (agentId: string, outcomes: readonly LayerOutcome[], more: Partial<Entry> = {}): Entry => ({
  agent: { agentId },
  operationId: 'op',
  outcomes,
  note: () => undefined,
  done: Promise.resolve(),
  ...more,
});
const removed: LayerOutcome = { layer: 'container', outcome: 'removed' };
const refused: LayerOutcome = { layer: 'container', outcome: 'refused', detail: 'not labelled' };
const failed: LayerOutcome = { layer: 'worktree', outcome: 'failed', detail: 'busy' };

const killMessage = (...entries: readonly Entry[]): string => {
  const answer = createReceipt(killOf('a1'));
  for (const one of entries) answer.add(one);
  answer.close();
  return answer.build().message;
};

describe('the message for one agent', () => {
  it('says killed of what was seen dead and cleaned away', () => {
    expect(killMessage(entryOf('a1', [removed]))).toBe('Agent a1 killed successfully');
  });

  it.each<[string, readonly LayerOutcome[]]>([
    ['Agent a1 is dead; not cleaned up yet: container', [{ layer: 'container', outcome: 'dead' }]],
    ['Agent a1 is dead; not cleaned up yet: worktree', [removed, failed]],
    [
      'Agent a1 is dead; not cleaned up yet: worktree refused',
      [removed, { layer: 'worktree', outcome: 'refused' }],
    ],
    ['Agent a1 is not confirmed dead: container refused', [refused]],
    [
      'Agent a1 is not confirmed dead: container failed, process pending',
      [
        { layer: 'container', outcome: 'failed' },
        { layer: 'process', outcome: 'pending' },
      ],
    ],
  ])('%s', (message, outcomes) => {
    expect(killMessage(entryOf('a1', outcomes))).toBe(message);
  });

  it('says when it could not be marked killed', () => {
    const error = new KillswitchError('unreadable_record', 'the record is not JSON');
    expect(killMessage(entryOf('a1', [removed], { error }))).toBe(
      'Agent a1 could not be marked killed: the record is not JSON',
    );
  });

  it('claims nothing before the store has answered', () => {
    expect(createReceipt(killOf('a1')).build()).toMatchObject({
      message: 'Agent a1 is not killed yet: the store has not answered',
      incomplete: true,
      verified: false,
      total: 0,
    });
  });
});

describe('the receipt of a kill-all', () => {
  const receiptOf = (...entries: readonly Entry[]) => {
    const answer = createReceipt(killAllOf());
    for (const one of entries) answer.add(one);
    answer.close();
    return answer.build();
  };

  it('counts what was killed, what was not, and what is owed', () => {
    const error = new KillswitchError('conflict');
    const receipt = receiptOf(
      entryOf('a1', [removed]),
      entryOf('a2', [refused]),
      entryOf('a3', [removed, failed]),
      entryOf('a4', [], { error }),
    );
    expect(receipt).toMatchObject({ total: 4, killed: 2, failed: 2, pending: 2, refused: 1 });
    expect(receipt.verified).toBe(false);
    expect(receipt.message).toBe(
      '2 of 4 agents killed, 2 not confirmed dead, 2 not cleaned up yet, 1 with a layer refused',
    );
    expect(receipt.errors).toEqual([
      'a2: container refused: not labelled',
      'a3: worktree failed: busy',
      'a4: The record kept changing meanwhile',
    ]);
    expect(receipt.agents[3]?.error).toEqual({ code: 'conflict', detail: error.message });
  });

  it('speaks of one agent in the singular', () => {
    expect(receiptOf(entryOf('a1', [removed])).message).toBe('1 of 1 agent killed');
  });

  it('says nothing certain while agents are still being looked for', () => {
    const answer = createReceipt(killAllOf());
    expect(answer.build()).toMatchObject({
      message: 'No active agents found yet',
      incomplete: true,
      verified: false,
    });
    answer.add(entryOf('a1', [removed]));
    expect(answer.build()).toMatchObject({
      message: '1 of 1 agent killed, not every agent was reached',
      incomplete: true,
      verified: false,
    });
    answer.close();
    expect(answer.build()).toMatchObject({ message: '1 of 1 agent killed', verified: true });
    expect(answer.build()).not.toHaveProperty('incomplete');
  });

  it('says why the rest was not reached', () => {
    const answer = createReceipt(killAllOf());
    answer.add(entryOf('a1', [removed]));
    answer.close(new KillswitchError('store_unavailable'));
    expect(answer.build()).toMatchObject({
      incomplete: true,
      verified: false,
      errors: ['selection: The store does not answer'],
    });
  });

  it('of a dry run says what would be killed and claims nothing', () => {
    const answer = createReceipt(killAllOf({ dryRun: true }));
    for (const agentId of ['a1', 'a2']) answer.add(entryOf(agentId, []));
    answer.close();
    expect(answer.build()).toMatchObject({
      message: 'Dry run: 2 agents would be marked killed and stopped; what runs of them was not looked at',
      dryRun: true,
      verified: false,
      total: 2,
      killed: 0,
      failed: 0,
      pending: 0,
    });
  });
});

describe('a receipt that is being written', () => {
  it('counts an entry once, however often it is added', () => {
    const answer = createReceipt(killAllOf());
    const one = entryOf('a1', [removed]);
    for (let n = 0; n < 3; n++) answer.add(one);
    answer.close();
    expect(answer.build()).toMatchObject({ total: 1, killed: 1 });
  });

  it('says why one agent was not killed at all', () => {
    const answer = createReceipt(killOf('a1'));
    answer.close(new KillswitchError('invalid_state', 'Agent a1 is failed'));
    expect(answer.build()).toMatchObject({
      message: 'Agent a1 was not killed: Agent a1 is failed',
      verified: false,
      incomplete: true,
    });
  });

  it('without a store says so and claims nothing beyond this host', () => {
    const answer = createReceipt(killAllOf());
    for (const agentId of ['a1', 'a2']) answer.add(entryOf(agentId, [removed]));
    answer.degrade();
    answer.fail('a3: left running');
    answer.close();
    expect(answer.build()).toMatchObject({
      message:
        '2 of 2 agents seen dead so far; ' + 'the store does not answer, so the rest is done when it is back',
      degraded: true,
      verified: false,
      killed: 2,
      errors: ['a3: left running'],
    });
  });

  it('without a store counts none as dead that was not looked at, nor says that a record was marked', () => {
    const answer = createReceipt(killOf('a1'));
    answer.add(entryOf('a1', [{ layer: 'container', outcome: 'skipped' }]));
    answer.degrade();
    answer.close();
    const { message, warnings } = answer.build();
    expect(message).toMatch(/^0 of 1 agent seen dead so far; /);
    expect(warnings).toEqual(['nothing was seen running of a1']);
  });
});

describe('a receipt of more than 1,000 agents', () => {
  it('names the first 1,000 and counts all, those that have ended and those that have not', async () => {
    const answer = createReceipt(killAllOf());
    let end: () => void = () => undefined;
    const done = new Promise<void>(resolve => {
      end = resolve;
    });
    const last: LayerOutcome[] = [{ layer: 'container', outcome: 'pending' }];
    for (let n = 0; n < 1_500; n++) answer.add(entryOf(`a${n}`, [n % 2 ? removed : refused]));
    answer.add(entryOf('slow', last, { done }));
    answer.close();

    expect(answer.build()).toMatchObject({ total: 1_501, killed: 750, failed: 751, pending: 751 });
    last[0] = removed;
    end();
    await answer.finished();
    const receipt = answer.build();
    expect(receipt).toMatchObject({ total: 1_501, killed: 751, failed: 750, pending: 750, verified: false });
    expect(receipt.agents.map(({ agentId }) => agentId)).toEqual(
      Array.from({ length: 1_000 }, (_, n) => `a${n}`),
    );
    expect(receipt.errors).toHaveLength(750);
  });

  it('counts at once, beyond 1,000, on whom there is nothing to do', () => {
    const answer = createReceipt(killAllOf());
    const told = { outcomes: [{ layer: 'container', outcome: 'skipped' }] } as const;
    for (let n = 0; n < 1_200; n++) answer.add(endedEntry({ agentId: `a${n}` }, 'op', told));
    answer.close();
    const receipt = answer.build();
    expect(receipt).toMatchObject({ total: 1_200, killed: 1_200, failed: 0, pending: 0, verified: false });
    expect(receipt.agents).toHaveLength(1_000);
  });

  it('keeps at most 1,000 sentences', async () => {
    const answer = createReceipt(killAllOf());
    for (let n = 0; n < 3_000; n++) answer.add(entryOf(`a${n}`, [refused]));
    answer.close();
    await answer.finished();
    expect(answer.build()).toMatchObject({ total: 3_000, failed: 3_000 });
    expect(answer.build().errors).toHaveLength(1_000);
  });
});
