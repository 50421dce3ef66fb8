import { describe, expect, it } from 'vitest';
import type { LayerOutcome } from '../../../lib/domain/outcome.js';
import { agentReceipt, type Entry, endedEntry } from '../../../lib/stop/receipt.js';

const entryOf = (agent: Entry['agent'], outcomes: LayerOutcome[]): Entry => ({
  agent,
  operationId: 'op',
  outcomes,
  note: () => undefined,
  done: Promise.resolve(),
});

describe('the receipt of one agent', () => {
  const gone: LayerOutcome = { layer: 'process', outcome: 'alreadyGone' };

  it('does not take a container for dead because no process was found', () => {
    const inContainer = { agentId: 'a1', sandboxes: [{ kind: 'docker', id: 'c'.repeat(64) }] } as const;
    expect(agentReceipt(entryOf(inContainer, [gone])).verified).toBe(false);
    const skipped: LayerOutcome = { layer: 'container', outcome: 'skipped' };
    expect(agentReceipt(entryOf(inContainer, [skipped, gone])).verified).toBe(false);
    const removed: LayerOutcome = { layer: 'container', outcome: 'removed' };
    expect(agentReceipt(entryOf(inContainer, [removed, gone])).verified).toBe(true);
  });

  it('asks of a process that the record names that it was seen gone itself', () => {
    const onHost = { agentId: 'a1', sandboxes: [{ kind: 'process', id: '4242' }] } as const;
    expect(agentReceipt(entryOf(onHost, [gone])).verified).toBe(true);
    expect(agentReceipt(entryOf(onHost, [{ layer: 'container', outcome: 'alreadyGone' }])).verified).toBe(
      false,
    );
  });
});

describe('an entry with nothing to do', () => {
  it('stays as it was seen', async () => {
    const outcomes: LayerOutcome[] = [{ layer: 'container', outcome: 'removed' }];
    const one = endedEntry({ agentId: 'a1' }, 'op', { statusBefore: 'running', outcomes });
    one.note({ layer: 'container', outcome: 'failed' });
    await one.done;
    expect(agentReceipt(one)).toEqual({
      agentId: 'a1',
      operationId: 'op',
      statusBefore: 'running',
      verified: true,
      pending: [],
      outcomes,
    });
  });
});
