import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../fakes/clock.js';
import { expectProblem } from './bench.js';
import { openHooks, openNoted, problemsOf } from './hooks-bench.js';
import { standard, WEBHOOK_SECRET } from './hooks-platforms.js';

const SECRET = 'KILLSWITCH_WEBHOOK_SECRET';
const kill = (more: object = {}, top: object = {}) => ({
  type: 'killswitch.kill',
  data: { agentId: 'a1', ...more },
  ...top,
});
const killAll = (data: object) => ({ type: 'killswitch.kill-all', data });

describe('the vector of the standard', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = '{"test": 2432232314}';
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const open = () => openHooks(standard, { [SECRET]: secret }, { clock: fakeClock(1_614_265_330_000) });

  it('is taken for signed, though it says nothing to us', async () => {
    expectProblem(await (await open()).post(body, headers), 400, 'invalid_request');
  });

  it('is refused with any other body', async () => {
    const { post, expectRefused } = await open();
    await expectRefused(await post(`${body} `, headers));
    await expectRefused(await post(body.replace('4', '5'), headers));
  });
});

describe('the signature of a standard webhook', () => {
  it('may come from the official library', async () => {
    const { post, now, a1 } = await openHooks(standard);
    const body = JSON.stringify(kill());
    const made = new Webhook(WEBHOOK_SECRET).sign('msg_2', new Date(now), body);
    const headers = {
      'webhook-id': 'msg_2',
      'webhook-timestamp': `${now / 1000}`,
      'webhook-signature': made,
    };
    expect((await post(body, headers)).status).toBe(200);
    expect(await a1.isAlive()).toBe(false);
  });

  it('may be one of several, under one of several secrets, and of a version that is unknown', async () => {
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const { post, now } = await openHooks(standard, { [SECRET]: ` ${other}  ${WEBHOOK_SECRET} ` });
    for (const secret of [other, WEBHOOK_SECRET]) {
      const body = JSON.stringify(kill({ reason: secret.slice(0, 10) }));
      const headers = standard.headers(body, { at: now, secret });
      const signature = headers['webhook-signature'];
      const all = `v1a,${'A'.repeat(86)}== v2,abc ${signature} v1,AAAA`;
      expect((await post(body, { ...headers, 'webhook-signature': all })).status).toBe(200);
    }
  });

  it.each(['v1', 'v1,', 'v1=AAAA', 'V1,AAAA', ',', ' ', 'v2,AAAA', 'v1a,AAAA'])(
    'is none as %j',
    async text => {
      const { post, now, expectRefused } = await openHooks(standard);
      const body = JSON.stringify(kill());
      const headers = standard.headers(body, { at: now });
      await expectRefused(await post(body, { ...headers, 'webhook-signature': text }));
      const signature = headers['webhook-signature']?.slice('v1,'.length);
      for (const version of ['v1a', 'v2', 'v', 'v11']) {
        await expectRefused(await post(body, { ...headers, 'webhook-signature': `${version},${signature}` }));
      }
    },
  );

  it('may be one of Ed25519, under the public key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const { post, now, expectRefused, a1 } = await openHooks(standard, {
      [SECRET]: `${WEBHOOK_SECRET} whpk_${raw.toString('base64')}`,
    });
    const body = JSON.stringify(kill());
    const at = `${now / 1000}`;
    const made = sign(null, Buffer.from(`msg_3.${at}.${body}`), privateKey).toString('base64');
    const headers = { 'webhook-id': 'msg_3', 'webhook-timestamp': at };
    await expectRefused(await post(`${body} `, { ...headers, 'webhook-signature': `v1a,${made}` }));
    await expectRefused(await post(body, { ...headers, 'webhook-signature': `v1,${made}` }));
    expect((await post(body, { ...headers, 'webhook-signature': `v1a,${made}` })).status).toBe(200);
    expect(await a1.isAlive()).toBe(false);
  });

  it('holds for no other cut of the same bytes', async () => {
    const { post, now, expectRefused } = await openHooks(standard);
    const body = JSON.stringify(kill());
    const headers = standard.headers(body, { at: now });
    const moved = { 'webhook-id': `msg_1.${now / 1000}`, 'webhook-timestamp': '1' };
    await expectRefused(await post(body, { ...headers, ...moved }));
    // Signed whole, but told apart by nobody.
    for (const id of ['msg.1', 'a b', 'a,b', 'x'.repeat(256)]) {
      const made = new Webhook(WEBHOOK_SECRET).sign(id, new Date(now), body);
      await expectRefused(await post(body, { ...headers, 'webhook-id': id, 'webhook-signature': made }));
    }
  });

  it('is refused, and never breaks anything, whatever it is', async () => {
    const { post, now, expectRefused } = await openHooks(standard);
    const body = JSON.stringify(kill());
    const headers = standard.headers(body, { at: now });
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 100 });
    const odd = fc.oneof(
      text,
      text.map(rest => `v1,${rest}`),
      fc.base64String().map(rest => `v1,${rest}`),
    );
    await fc.assert(
      fc.asyncProperty(odd, async signature => {
        await expectRefused(await post(body, { ...headers, 'webhook-signature': signature }));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the secret of standard webhooks', () => {
  it.each([
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    `whsec_${Buffer.alloc(23, 1).toString('base64')}`,
    'whsec_not+base64!',
    'whsec_',
    `whpk_${Buffer.alloc(31, 1).toString('base64')}`,
    `whpk_${Buffer.alloc(64, 1).toString('base64')}`,
    `${WEBHOOK_SECRET} whsec_`,
    `${WEBHOOK_SECRET},${WEBHOOK_SECRET}`,
    ' ',
  ])('is not %j', secret => {
    const problems = problemsOf({ [SECRET]: secret });
    expect(problems).toEqual([expect.stringMatching(/^KILLSWITCH_WEBHOOK_SECRET must be whsec_/)]);
    expect(problems[0]).not.toMatch(/AQEB|base64!|MfKQ/);
  });
});

describe('the body of a standard webhook', () => {
  it('carries the words of a kill', async () => {
    const { deliver, orders } = await openNoted(standard);
    await deliver(kill({ reason: 'leaking keys', graceSeconds: 2 }, { timestamp: '2026-11-22T10:00:00Z' }));
    expect(orders).toMatchObject([
      {
        path: '/agents/a1/kill',
        body: { reason: 'leaking keys', graceSeconds: 2 },
        actor: { subject: 'webhook' },
      },
    ]);
  });

  it('carries the words of a kill-all', async () => {
    const { deliver, orders } = await openNoted(standard);
    const { told } = await deliver(
      killAll({ selector: { labels: { team: 'core' } }, reason: 'drill', latch: false }),
    );
    expect(told.ignored).toEqual([]);
    expect(orders).toMatchObject([{ path: '/agents/kill-all' }]);
    expect(orders[0]?.body).toEqual({ reason: 'drill', selector: { labels: { team: 'core' } } });
  });

  it.each([
    ['a misspelt member', kill({ agent: 'a2' })],
    ['a misspelt member of its own', kill({}, { dta: {} })],
    ['no agent', { type: 'killswitch.kill', data: {} }],
    ['no agent ID', kill({ agentId: '../a1' })],
    ['no data', { type: 'killswitch.kill' }],
    ['no type', { data: { agentId: 'a1' } }],
    ['a type that is no text', { ...kill(), type: 1 }],
    ['no selector', killAll({})],
    ['a selector that is null', killAll({ selector: null })],
    ['a misspelt selector', killAll({ selector: { labls: { team: 'core' } } })],
    ['a dry run, which an alarm is not', kill({ dryRun: true })],
    ['a reason that is too long', kill({ reason: 'x'.repeat(1001) })],
  ])('is refused with %s', async (_, event) => {
    const { deliver, expectUntouched } = await openHooks(standard, {
      KILLSWITCH_WEBHOOK_SELECT: 'everything',
    });
    expectProblem(await deliver(event), 400, 'invalid_request');
    expectUntouched();
  });

  it('is refused with a name that would be lost on the way', async () => {
    const { post, now, expectUntouched } = await openHooks(standard);
    const body = '{"type":"killswitch.kill-all","data":{"selector":{"labels":{"team":"x","__proto__":"y"}}}}';
    const answer = await post(body, standard.headers(body, { at: now }));
    expectProblem(answer, 400, 'invalid_request', '__proto__: unknown member');
    expectUntouched();
  });

  it('asks for nothing with another type', async () => {
    const { deliver, expectUntouched } = await openHooks(standard);
    const { status, told } = await deliver({ type: 'invoice.paid', data: { id: 1 }, more: true });
    expect([status, told]).toEqual([200, { answers: [], ignored: ['the type is invoice.paid'] }]);
    expectUntouched();
  });

  it.each([{}, { labels: {} }, { status: 'running' }, { status: ['running', 'spawning'], labels: {} }])(
    'selects every agent, as %j does, only where that is allowed',
    async selector => {
      const careful = await openHooks(standard);
      expect(await careful.deliver(killAll({ selector }))).toMatchObject({
        status: 200,
        told: {
          answers: [],
          ignored: ['this would stop every agent, which only KILLSWITCH_WEBHOOK_SELECT=everything allows'],
        },
      });
      careful.expectUntouched();
      const daring = await openHooks(standard, { KILLSWITCH_WEBHOOK_SELECT: 'everything' });
      expect(await daring.deliver(killAll({ selector }))).toMatchObject({
        status: 200,
        told: { answers: [{ status: 200, body: { total: 1, killed: 1 } }], ignored: [] },
      });
    },
  );

  it.each([{ taskId: 't1' }, { agentIds: ['a1'] }, { labels: { team: 'core' } }])(
    'may select %j',
    async selector => {
      const { deliver, orders } = await openNoted(standard);
      await deliver(killAll({ selector }));
      expect(orders).toMatchObject([{ body: { selector } }]);
    },
  );

  it('latches only where that is allowed, and stops in any case', async () => {
    const event = killAll({ selector: { taskId: 't1' }, latch: true });
    const careful = await openHooks(standard);
    const { told } = await careful.deliver(event);
    expect(told.answers).toMatchObject([{ status: 200, body: { killed: 1 } }]);
    expect(told.ignored).toEqual(['latch: only KILLSWITCH_WEBHOOK_LATCH=true allows it']);
    expect((await careful.send('GET /latch')).json).toMatchObject({ engaged: false });

    const latching = await openHooks(standard, { KILLSWITCH_WEBHOOK_LATCH: 'true' });
    expect((await latching.deliver(event)).told).toMatchObject({ answers: [{ status: 200 }], ignored: [] });
    expect((await latching.send('GET /latch')).json).toMatchObject({ engaged: true, by: 'webhook' });
  });

  it('need not name the latch where it is on, and may switch it off', async () => {
    const { deliver, orders } = await openNoted(standard, { KILLSWITCH_WEBHOOK_LATCH: 'true' });
    await deliver(killAll({ selector: { taskId: 't1' } }));
    await deliver(killAll({ selector: { taskId: 't1' }, latch: false }));
    expect(orders.map(({ body }) => body)).toEqual([
      { selector: { taskId: 't1' }, latch: true },
      { selector: { taskId: 't1' } },
    ]);
  });
});
