import { describe, expect, it } from 'vitest';
import { agentReceipt, type Case } from '../../lib/case.js';
import type { LayerOutcome } from '../../lib/outcome.js';

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
