import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Actor, type Scope, scopes, type Within } from '../../../lib/domain/actor.js';
import { authorize, covers, narrow } from '../../../lib/domain/authorize.js';
import type { Selector } from '../../../lib/domain/selector.js';

const actorWith = (changes: Partial<Actor>): Actor => ({
  kind: 'token',
  subject: 'alice',
  scopes: new Set(scopes),
  within: {},
  ...changes,
});

const forbidden = (message: string) => expect.objectContaining({ code: 'forbidden', message });
const NARROWED = 'The credential is narrowed, and this lies outside';

describe('authorize', () => {
  it.each(scopes)('wants the scope %s and says so', scope => {
    const others = new Set(scopes.filter(other => other !== scope));
    expect(() => authorize(actorWith({ scopes: new Set([scope]) }), scope)).not.toThrow();
    expect(() => authorize(actorWith({ scopes: others }), scope)).toThrow(
      forbidden(`The credential needs the scope ${scope}`),
    );
  });

  it.each<[string, Within, Within]>([
    ['another agent', { agentId: 'a1' }, { agentId: 'a2' }],
    ['another task', { taskId: 't1' }, { agentId: 'a1', taskId: 't2' }],
    ['another host', { host: 'h1' }, { agentId: 'a1', host: 'h2' }],
    ['an agent of which the task is not known', { taskId: 't1' }, { agentId: 'a1' }],
    ['an agent of which the host is not known', { host: 'h1' }, { agentId: 'a1' }],
    ['everything', { agentId: 'a1' }, {}],
  ])('keeps a narrowed credential from %s, and names no agent', (_name, within, on) => {
    expect(() => authorize(actorWith({ within }), 'agents:kill', on)).toThrow(forbidden(NARROWED));
  });

  it('lets a narrowed credential touch what lies inside', () => {
    const within = { agentId: 'a1', taskId: 't1', host: 'h1' };
    expect(() => authorize(actorWith({ within }), 'agents:kill', within)).not.toThrow();
    expect(() => authorize(actorWith({}), 'agents:kill', { agentId: 'a2' })).not.toThrow();
  });

  it('checks the scope alone without a target, but lets no narrowed credential reset the latch', () => {
    const actor = actorWith({ within: { taskId: 't1' } });
    for (const scope of scopes.filter(scope => scope !== 'latch:reset')) {
      expect(() => authorize(actor, scope)).not.toThrow();
    }
    expect(() => authorize(actor, 'latch:reset')).toThrow(forbidden(NARROWED));
    expect(() => authorize(actor, 'latch:reset', { taskId: 't1' })).not.toThrow();
    expect(() => authorize(actorWith({}), 'latch:reset')).not.toThrow();
  });

  it.each<[string, Partial<Actor>, string]>([
    [
      'a single-use credential that cannot be checked',
      { unconfirmed: true },
      'The single-use credential cannot be checked now: it can only stop',
    ],
    [
      'an order that may be for another server',
      { unaddressed: true },
      'What a gateway passes on can only stop here: set KILLSWITCH_PUBLIC_URL to the URL by which it calls this server',
    ],
  ])('lets %s stop, and nothing else', (_name, changes, message) => {
    const stopping: readonly Scope[] = ['agents:kill', 'agents:kill-all', 'latch:engage'];
    for (const scope of scopes) {
      const attempt = expect(() => authorize(actorWith(changes), scope));
      if (stopping.includes(scope)) attempt.not.toThrow();
      else attempt.toThrow(forbidden(message));
    }
  });
});

const oneOf = (...values: readonly string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const withoutAbsent = (members: object) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

const withins: fc.Arbitrary<Within> = fc
  .record({ agentId: oneOf('a1', 'a2'), taskId: oneOf('t1', 't2'), host: oneOf('h1', 'h2') })
  .map(withoutAbsent);
const selectors: fc.Arbitrary<Selector> = fc
  .record({
    agentIds: fc.option(fc.subarray(['a1', 'a2', 'a3']), { nil: undefined }),
    taskId: oneOf('t1', 't2'),
    host: oneOf('h1', 'h2'),
    status: oneOf('running'),
  })
  .map(withoutAbsent);
const agents = fc
  .record({ agentId: fc.constantFrom('a1', 'a2', 'a3'), taskId: oneOf('t1', 't2'), host: oneOf('h1', 'h2') })
  .map(agent => withoutAbsent(agent) as Within & { agentId: string });

const selects = ({ agentIds, taskId, host }: Selector, agent: Within & { agentId: string }): boolean =>
  (agentIds?.includes(agent.agentId) ?? true) &&
  (taskId === undefined || taskId === agent.taskId) &&
  (host === undefined || host === agent.host);

const namesOutside = ({ agentIds, taskId, host }: Selector, within: Within): boolean =>
  (within.agentId !== undefined && (agentIds ?? []).some(agentId => agentId !== within.agentId)) ||
  (within.taskId !== undefined && taskId !== undefined && taskId !== within.taskId) ||
  (within.host !== undefined && host !== undefined && host !== within.host);

describe('narrow', () => {
  it('selects what both select, or refuses a selector that names something outside', () => {
    fc.assert(
      fc.property(selectors, withins, agents, (selector, within, agent) => {
        if (namesOutside(selector, within)) {
          expect(() => narrow(selector, within)).toThrow(forbidden(NARROWED));
          return;
        }
        const narrowed = narrow(selector, within);
        expect(selects(narrowed, agent)).toBe(selects(selector, agent) && covers(within, agent));
        expect(narrowed.status).toBe(selector.status);
      }),
      { numRuns: 2000 },
    );
  });

  it('fills in what the selector leaves open', () => {
    const within = { agentId: 'a1', taskId: 't1', host: 'h1' };
    expect(narrow({ labels: { team: 'core' } }, within)).toEqual({
      agentIds: ['a1'],
      taskId: 't1',
      host: 'h1',
      labels: { team: 'core' },
    });
    expect(narrow({ status: 'running' }, {})).toEqual({ status: 'running' });
  });

  it('keeps a selector that names no agent at all empty', () => {
    expect(narrow({ agentIds: [] }, { agentId: 'a1' })).toEqual({ agentIds: [] });
  });
});

describe('covers', () => {
  it('leaves an agent without a task or host outside of what is narrowed to one', () => {
    expect(covers({ taskId: 't1' }, { agentId: 'a1' })).toBe(false);
    expect(covers({ host: 'h1' }, { agentId: 'a1' })).toBe(false);
    expect(covers({}, { agentId: 'a1' })).toBe(true);
  });
});
