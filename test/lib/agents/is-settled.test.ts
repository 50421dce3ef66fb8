import { expect, it } from 'vitest';
import { createIsSettled } from '../../../lib/agents/is-settled.js';
import { fakeRecords } from '../../fakes/records.js';

const kill = { operationId: 'o', requestedAt: 't', requestedBy: 'b', pending: [], attempts: 1 };
const record = (members: object): string => JSON.stringify({ agentId: 'a', ...members });

it.each([
  ['nobody recorded', undefined, true],
  ['was confirmed', record({ status: 'killed', kill: { ...kill, confirmedAt: 't' } }), true],
  ['is still owed', record({ status: 'killed', kill: { ...kill, pending: ['container'] } }), false],
  ['somebody else marked', record({ status: 'killed' }), true],
  ['came after the end', record({ status: 'completed' }), true],
  ['came after the end, and is owed', record({ status: 'failed', kill }), false],
  ['no record says yet', record({ status: 'running' }), false],
  ['a record tells that cannot be read', 'not JSON', false],
])('whether a kill is confirmed that %s', async (_, raw, confirmed) => {
  const { records, seedForeign } = fakeRecords();
  if (raw !== undefined) seedForeign('a', raw);
  expect(await createIsSettled(records)('a')).toBe(confirmed);
});

it('confirms nothing while the store does not answer', async () => {
  const { records, faults } = fakeRecords();
  faults.fail('agents', { error: new Error('down') });
  expect(await createIsSettled(records)('a')).toBe(false);
});
