import { describe, expect, it } from 'vitest';
import { openFailures } from '../../functions/http/failed-auth-limit.js';
import { fakeCore } from '../fakes/core.js';
import { expectProblem, openApp } from './bench.js';
import { openChat } from './chatops-bench.js';
import { openHooks } from './hooks-bench.js';
import { platforms } from './hooks-platforms.js';

const MOST = 30;
const HERE = '203.0.113.7';

function open(mostNetworks?: number) {
  let now = 0;
  const { log } = fakeCore();
  const bounds = mostNetworks === undefined ? {} : { mostNetworks };
  const failures = openFailures({ clock: { monotonic: () => now }, log, ...bounds });
  return {
    failures,
    log,
    pass: (ms: number) => {
      now += ms;
    },
    fail(source: string | undefined, times = 1) {
      let told: number | undefined;
      for (let time = 0; time < times; time++) told = failures.count(source);
      return told;
    },
  };
}

describe('credentials that fail', () => {
  it('are told when to come again after 30 of one address in a minute, and then begin anew', () => {
    const { fail, pass, log } = open();
    expect(fail(HERE, MOST)).toBeUndefined();
    pass(20_500);
    expect(fail(HERE)).toBe(40);
    expect(fail(HERE)).toBe(40);
    expect(fail('203.0.113.8')).toBeUndefined();
    pass(39_500);
    expect(fail(HERE, MOST)).toBeUndefined();
    const entry = { network: HERE };
    expect(log.lines).toMatchObject([{ level: 'warn', entry }]);
  });

  it('count together from one /64, which is one subscriber, and not from the next one', () => {
    const { fail } = open();
    for (let at = 0; at < MOST; at++) expect(fail(`2001:db8::${at.toString(16)}`)).toBeUndefined();
    expect(fail('2001:db8::ffff:1')).toBe(60);
    expect(fail('2001:db8:0:1::1')).toBeUndefined();
  });

  it.each([['socket'], ['local'], [undefined]])('do not count from %s', source => {
    expect(open().fail(source, 3 * MOST)).toBeUndefined();
  });

  it('are remembered of so many networks and no more: who began first is forgotten first', () => {
    const { fail } = open(2);
    fail('10.0.0.1', MOST);
    fail('10.0.0.2', MOST);
    expect(fail('10.0.0.1')).toBe(60);
    fail('10.0.0.3', MOST);
    expect(fail('10.0.0.1')).toBeUndefined();
    expect(fail('10.0.0.3')).toBe(60);
  });
});

const limited = () => ({ failures: open().failures, sourceOf: () => HERE });

describe('after too many that failed', () => {
  it('is told 429 and when to come again, and a token that holds goes through all the same', async () => {
    const { send, agent } = openApp(limited());
    const forged = { token: null, headers: { authorization: 'Bearer forged' } };
    for (let at = 0; at < MOST; at++) {
      expectProblem(await send('POST /agents/kill-all', forged), 401, 'unauthenticated');
    }
    const answer = await send('POST /agents/kill-all', forged);
    expectProblem(answer, 429, 'too_many_failures');
    expect(answer.headers.get('retry-after')).toBe('60');
    const { isAlive } = await agent('a1');
    expect((await send('POST /agents/a1/kill')).status).toBe(200);
    expect(await isAlive()).toBe(false);
    expectProblem(await send('POST /agents/kill-all', { token: 'reader' }), 403, 'forbidden');
  });

  it.each(platforms)('a delivery of $source that holds goes through all the same', async platform => {
    const { deliver, now, a1 } = await openHooks(platform, {}, limited());
    const event = platform.event('a1', now);
    const wrong = { secret: `whsec_${Buffer.from('the wrong one of thirty bytes.').toString('base64')}` };
    for (let at = 0; at < MOST; at++) expectProblem(await deliver(event, wrong), 401, 'unauthenticated');
    expectProblem(await deliver(event, wrong), 429, 'too_many_failures');
    expect((await deliver(event)).status).toBe(200);
    expect(await a1.isAlive()).toBe(false);
  });

  it.each(['slack', 'discord', 'mattermost'])(
    'no one who fails in the name of %s is answered otherwise',
    async platform => {
      const { post } = await openChat(limited());
      for (let at = 0; at < MOST; at++) expect((await post(platform, 'x=1', {})).status).toBe(401);
      expect((await post(platform, 'x=1', {})).status).toBe(429);
    },
  );

  it('a kill link that does not hold is told so too', async () => {
    const { send } = openApp(limited());
    const claims = Buffer.from(JSON.stringify({ agent: 'a1', exp: 4e9 })).toString('base64url');
    const press = () => send(`POST /links/x.${claims}.x`, { token: null });
    for (let at = 0; at < MOST; at++) expect((await press()).status).toBe(401);
    const { status, headers } = await press();
    expect([status, headers.get('retry-after')]).toEqual([429, '60']);
  });
});
