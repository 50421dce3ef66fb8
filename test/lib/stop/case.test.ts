import { describe, expect, it } from 'vitest';
import type { LayerOutcome } from '../../../lib/domain/outcome.js';
import { agentReceipt, type Case, endedCase } from '../../../lib/stop/case.js';

const caseOf = (agent: Case['agent'], outcomes: LayerOutcome[]): Case => ({
  agent,
  operationId: 'op',
  graceMs: 0,
  ledger: { outcomes, note: () => undefined },
  done: Promise.resolve(),
});

describe('the receipt of one agent', () => {
  const gone: LayerOutcome = { layer: 'process', outcome: 'alreadyGone' };

  it('does not take a container for dead because no process was found', () => {
    const inContainer = { agentId: 'a1', containerId: 'c'.repeat(64) };
    expect(agentReceipt(caseOf(inContainer, [gone])).verified).toBe(false);
    const skipped: LayerOutcome = { layer: 'container', outcome: 'skipped' };
    expect(agentReceipt(caseOf(inContainer, [skipped, gone])).verified).toBe(false);
    const removed: LayerOutcome = { layer: 'container', outcome: 'removed' };
    expect(agentReceipt(caseOf(inContainer, [removed, gone])).verified).toBe(true);
  });

  it('asks of a process that the record names that it was seen gone itself', () => {
    const onHost = { agentId: 'a1', process: { pid: 4242 } };
    expect(agentReceipt(caseOf(onHost, [gone])).verified).toBe(true);
    expect(agentReceipt(caseOf(onHost, [{ layer: 'container', outcome: 'alreadyGone' }])).verified).toBe(
      false,
    );
  });
});

describe('a case on which there is nothing to do', () => {
  it('stays as it was seen', async () => {
    const outcomes: LayerOutcome[] = [{ layer: 'container', outcome: 'removed' }];
    const one = endedCase({ agentId: 'a1' }, 'op', { statusBefore: 'running', outcomes });
    one.ledger.note({ layer: 'container', outcome: 'failed' });
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
