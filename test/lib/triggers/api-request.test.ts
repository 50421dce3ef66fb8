import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGENT_ID } from '../../../lib/domain/agent.js';
import {
  engageLatchRequest,
  killAllRequest,
  killRequest,
  resetLatchRequest,
  triggerActor,
} from '../../../lib/triggers/api-request.js';

describe('an order', () => {
  it('to kill one is a request of the contract', () => {
    expect(killRequest('a1')).toEqual({ method: 'POST', path: '/agents/a1/kill', body: {} });
    expect(killRequest('a1', { reason: 'drill', graceSeconds: 2 }, 'k1')).toEqual({
      method: 'POST',
      path: '/agents/a1/kill',
      body: { reason: 'drill', graceSeconds: 2 },
      key: 'k1',
    });
  });

  it('to kill one reaches that agent and no other', () => {
    fc.assert(
      fc.property(fc.stringMatching(AGENT_ID), agentId => {
        const { pathname } = new URL(killRequest(agentId).path, 'http://localhost');
        const [, name = ''] = /^\/agents\/([^/]+)\/kill$/.exec(pathname) ?? [];
        expect(decodeURIComponent(name)).toBe(agentId);
      }),
    );
  });

  it('to kill all is a request of the contract', () => {
    expect(killAllRequest()).toEqual({ method: 'POST', path: '/agents/kill-all', body: {} });
    expect(killAllRequest({ selector: { taskId: 't1' }, latch: true }, 'k1')).toEqual({
      method: 'POST',
      path: '/agents/kill-all',
      body: { selector: { taskId: 't1' }, latch: true },
      key: 'k1',
    });
  });

  it('about the latch is a request of the contract, without a key', () => {
    expect(engageLatchRequest()).toEqual({ method: 'POST', path: '/latch', body: {} });
    expect(engageLatchRequest({ reason: 'drill' })).toEqual({
      method: 'POST',
      path: '/latch',
      body: { reason: 'drill' },
    });
    expect(resetLatchRequest({ reason: 'over' })).toEqual({
      method: 'DELETE',
      path: '/latch',
      body: { reason: 'over' },
    });
  });
});

it('makes an actor with the scopes that are named, and without bounds', () => {
  const actor = triggerActor('github:octocat', ['agents:kill', 'agents:kill']);
  expect(actor).toEqual({
    kind: 'trigger',
    subject: 'github:octocat',
    scopes: new Set(['agents:kill']),
    within: {},
  });
});
