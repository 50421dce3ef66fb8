import { describe, expect, it } from 'vitest';
import type { AgentReceipt } from '../../../lib/domain/outcome.js';
import { blindWarning, leftWarning, unseenWarning } from '../../../lib/domain/wording.js';
import { mergeWarnings } from '../../../lib/gateway/merge-warnings.js';

const agent = (agentId: string, verified: boolean): AgentReceipt => ({
  agentId,
  operationId: 'op',
  verified,
  pending: [],
  outcomes: [{ layer: 'process', outcome: verified ? 'dead' : 'notFound' }],
});

describe('the warnings of several origins', () => {
  it('keep what one of them could not see, or left running', () => {
    const told = [[blindWarning('the engine does not answer')], [leftWarning(['a9'])], undefined];
    expect(mergeWarnings(told, [])).toEqual([
      'not everything that runs could be seen: the engine does not answer',
      'left running, for they have no record that says whether they are selected: a9',
    ]);
  });

  it('say that an agent is unknown only where all of them say so', () => {
    const unknown = 'typo is no known agent';
    expect(mergeWarnings([[unknown], [unknown]], [])).toEqual([unknown]);
    expect(mergeWarnings([[unknown], undefined], [])).toEqual([]);
  });

  it('say anew what was never seen running, of the agents as they were merged', () => {
    const told = [[unseenWarning(['a1'], 0)], [unseenWarning(['a2'], 0)]];
    expect(mergeWarnings(told, [agent('a1', true), agent('a2', false)])).toEqual([unseenWarning(['a2'], 0)]);
    expect(mergeWarnings(told, [agent('a1', true)])).toEqual([]);
  });
});
