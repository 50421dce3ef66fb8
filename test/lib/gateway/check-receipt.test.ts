import { describe, expect, it } from 'vitest';
import type { ApiResponse } from '../../../lib/triggers/api-request.js';
import { agent, kill, killAll, killed, layer, open, summary } from './origins.helper.js';

describe('an origin whose receipt does not add up', () => {
  const gone = agent('a1');
  const waiting = agent('a1', [layer('pending')]);
  const owed = { killed: 0, failed: 1, pending: 1 };
  const more = (count: number) => Array.from({ length: count }, (_, index) => agent(`m${index}`));

  it.each<[string, ApiResponse, string]>([
    [
      'names agents and counts none',
      summary([gone], { total: 0, killed: 0 }),
      'it counts 0 agents and lists 1',
    ],
    ['counts agents and lists none', summary([], { total: 1, killed: 1 }), 'it counts 1 agents and lists 0'],
    [
      'names fewer than it could',
      summary(more(999), { total: 1_500, killed: 1_500 }),
      'it counts 1500 agents and lists 999',
    ],
    ['loses some', summary([gone], { killed: 0 }), 'killed and failed do not add up to the total'],
    ['finds some', summary([gone], { killed: 2 }), 'killed and failed do not add up to the total'],
    [
      'owes more than it has',
      summary([gone], { verified: false, pending: 2 }, 202),
      'it counts more open agents than agents',
    ],
    [
      'guards more than it has',
      summary([gone], { verified: false, refused: 2 }, 202),
      'it counts more open agents than agents',
    ],
    [
      'counts as killed what it names as open',
      summary([waiting], { verified: false, pending: 1 }, 202),
      'it counts more killed agents than it lists',
    ],
    [
      'counts as settled what it names as open',
      summary([waiting], { killed: 0, failed: 1 }, 202),
      'it counts fewer open agents than it lists',
    ],
    [
      'is done with something open',
      summary([waiting], owed),
      'its status says that all is done, but something is open',
    ],
    [
      'is done without having asked all',
      summary([gone], { verified: false, incomplete: true }),
      'its status says that all is done',
    ],
    [
      'is done without a store',
      summary([gone], { verified: false, degraded: true }),
      'its status says that all is done',
    ],
    [
      'is verified with something open',
      summary([waiting], { ...owed, verified: true }, 202),
      'it says that it is verified, but not every',
    ],
    [
      'is verified as a whole and not in part',
      summary([agent('a1', [layer('removed')], { verified: false })], { verified: true }),
      'it says that it is verified, but not every',
    ],
    [
      'is verified in part without a death that was seen',
      summary([agent('a1', [layer('skipped')], { verified: true })]),
      'it says that an agent is verified, but no layer of it was seen dead',
    ],
    [
      'is verified in spite of an error',
      summary([agent('a1', undefined, { error: { code: 'conflict', detail: 'x' } })]),
      'it says that an agent is verified, but no layer of it was seen dead',
    ],
    ['is verified in a dry run', summary([], { dryRun: true, verified: true }), 'a dry run stops nothing'],
    [
      'has killed in a dry run',
      summary([agent('a1', [])], { dryRun: true, verified: false }),
      'a dry run stops nothing',
    ],
    [
      'lists other agents than it counts in a dry run',
      summary([agent('a1', [])], { dryRun: true, verified: false, total: 2, killed: 0 }),
      'it lists other agents than it counts',
    ],
  ])('%s counts as one that did not answer, and is told', (_name, answer, why) => {
    const told = expect.stringContaining(`origin b gave an answer that does not add up: ${why}`);
    const { status, body } = killAll({ a: summary([agent('c1')]), b: answer });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      total: 1,
      killed: 1,
      verified: false,
      incomplete: true,
      errors: [told],
      origins: [{ name: 'a', operationId: 'op-1' }, { name: 'b' }],
    });
    expect(killAll({ b: answer })).toMatchObject({ status: 503, body: { detail: told } });
  });

  it.each<[string, ApiResponse, string]>([
    ['is of another agent', killed(agent('a2')), 'it is about another agent'],
    [
      'is verified without a death that was seen',
      killed({ ...waiting, verified: true }),
      'it says that an agent is verified',
    ],
    [
      'is verified in a dry run',
      killed(gone, { dryRun: true }),
      'it says that it is verified, but not every',
    ],
    ['is verified without a store', killed(gone, { degraded: true }, 202), 'it says that it is verified'],
    [
      'is done without a word on the agent',
      { status: 200, body: { ...(killed(gone).body as object), outcomes: 1 } },
      'it says that it is verified',
    ],
    [
      'is done with something open',
      killed(waiting),
      'its status says that all is done, but something is open',
    ],
    [
      'is done without having asked all',
      killed({ ...gone, verified: false }, { incomplete: true }),
      'its status says that all is done',
    ],
  ])('of one agent, %s: the same', (_name, answer, why) => {
    const told = expect.stringContaining(`origin b gave an answer that does not add up: ${why}`);
    const { status, body } = kill({ a: killed(agent('a1')), b: answer });
    expect(status).toBe(202);
    expect(body).toMatchObject({ agentId: 'a1', verified: false, incomplete: true, errors: [told] });
    expect(kill({ b: answer })).toMatchObject({ status: 503, body: { detail: told } });
  });

  it('is believed where a newer server has an outcome that is not known here, but not as a proof', () => {
    const strange = agent('a1', [{ ...layer('removed'), outcome: 'vaporised' as 'removed' }], {
      verified: true,
    });
    const { status, body } = killAll({ a: summary([strange]) });
    expect([status, body.total, body.verified]).toEqual([200, 1, false]);
    expect(kill({ a: killed(strange) }).body).toMatchObject({ agentId: 'a1', verified: false });
  });

  it('proves nothing by what is known beside an outcome that is not', () => {
    const strange = { layer: 'process', outcome: 'vaporised' as 'removed' } as const;
    const half = agent('a1', [layer('removed'), strange], { verified: true });
    expect(killAll({ a: summary([half]) }).body.verified).toBe(false);
    expect(kill({ a: killed(half) }).body.verified).toBe(false);
  });

  it('has what it names as open counted as owed, though it does not say so', () => {
    const silentOnIt = agent('a1', [layer('failed')], { pending: [] });
    expect(kill({ a: open(silentOnIt), b: killed(agent('a1')) }).body.pending).toEqual(['container']);
  });
});
