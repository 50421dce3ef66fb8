import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { Env, KillswitchFunction } from '../../functions/http/function.js';
import { authenticated } from '../../functions/http/request.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import { holding } from '../fakes/authenticator.js';
import { expectProblem, openApp, openWithAgent } from './bench.js';

describe('a refusal', () => {
  it('of a known caller is audited: who asked for what', async () => {
    const { send, store } = openApp();
    const answer = await send('POST /agents/kill-all?x=y', { token: 'reader' });
    expectProblem(answer, 403, 'forbidden');
    expect(store.memory.audit).toEqual([
      {
        timestamp: '2026-11-22T10:00:00.000Z',
        operation: 'ACCESS_DENIED',
        phase: 'refused',
        requestId: answer.json.requestId,
        actor: holding().subject,
        reason: 'POST /agents/kill-all',
      },
    ]);
  });

  it('of a trigger that may not do what it asks for is audited under its name', async () => {
    const { deps, store } = openApp();
    const trigger = { ...holding('agents:read'), kind: 'trigger' as const, subject: 'github:octocat' };
    await expect(deps.commandsFor(trigger).latch.engage()).rejects.toMatchObject({ status: 403 });
    expect(store.memory.audit).toMatchObject([{ actor: 'github:octocat', reason: 'POST /latch' }]);
  });

  it.each([
    ['without a credential', 'GET /agents', null],
    ['of what is not valid', 'GET /agents?limit=x', 'reader'],
    ['of what is not there', 'GET /agents/nobody', 'reader'],
  ] as const)('%s is not', async (_, line, token) => {
    const { send, store } = await openWithAgent();
    expect((await send(line, { token })).status).toBeGreaterThanOrEqual(400);
    expect(store.memory.audit).toEqual([]);
  });

  it('with a long path is told cut', async () => {
    const far: KillswitchFunction = {
      name: 'far',
      routes: deps =>
        new Hono<Env>().get('/far/*', authenticated(deps), () => {
          throw new KillswitchError('forbidden');
        }),
    };
    const { send, store } = openApp({ functions: [far] });
    await send(`GET /far/${'a'.repeat(500)}`);
    expect(store.memory.audit).toMatchObject([{ reason: `GET /far/${'a'.repeat(191)}` }]);
  });

  it('one of thousands in a minute is left out and counted in the next that is told', async () => {
    const { send, store, clock, deps } = openApp();
    for (let n = 0; n < 30; n++) await send('POST /latch', { token: 'reader' });
    const reader = { ...holding('agents:read'), kind: 'trigger' as const };
    const { latch } = deps.commandsFor(reader);
    for (let n = 0; n < 70; n++) await latch.engage().catch(() => undefined);
    clock.advance(59_999);
    expectProblem(await send('POST /latch', { token: 'reader' }), 403, 'forbidden');
    expect(store.memory.audit).toHaveLength(30);
    clock.advance(1);
    await send('POST /latch', { token: 'reader' });
    await send('POST /latch', { token: 'reader' });
    expect(store.memory.audit).toHaveLength(32);
    expect(store.memory.audit.slice(29).map(({ total }) => total)).toEqual([undefined, 71, undefined]);
  });

  it.each(['fail', 'hang'] as const)('is answered all the same when the audit would %s', async fault => {
    const { send, store, log } = openApp();
    store.faults[fault]('append');
    expectProblem(await send('POST /latch', { token: 'reader' }), 403, 'forbidden');
    if (fault === 'hang') return;
    await expect
      .poll(() => log.lines.map(({ message }) => message))
      .toEqual(['refused', 'a refusal was not audited']);
  });
});
