import { describe, expect, it } from 'vitest';
import { fakeCommandsFor } from '../fakes/commands.js';
import { expectProblem, openApp } from './bench.js';
import { openHooks, openNoted, problemsOf } from './hooks-bench.js';
import { platforms, SECRET, standard, WEBHOOK_SECRET } from './hooks-platforms.js';

const SECOND = 1_000;
const wrong = (secret: string): string => `${secret.slice(0, -2)}zz`;
const secretOf: Readonly<Record<string, string>> = {
  standard: WEBHOOK_SECRET,
  alertmanager: 'a-secret-of-the-tests',
  pagerduty: 'the-secret-of-the-tests',
};

describe.each(platforms)('a delivery of $source', platform => {
  const { source, proofs, lasts } = platform;
  const timed = lasts ? [lasts] : [];
  const signed = source === 'alertmanager' ? [] : [source];
  const open = (...more: Parameters<typeof openHooks> extends [unknown, ...infer Rest] ? Rest : never) =>
    openHooks(platform, ...more);

  it('kills the agent that it names', async () => {
    const { deliver, now, a1, accepted, record } = await open();
    const { status, told } = await deliver(platform.event('a1', now));
    expect([status, told]).toEqual([
      200,
      {
        answers: [
          { status: 200, body: expect.objectContaining({ message: 'Agent a1 killed successfully' }) },
        ],
        ignored: [],
      },
    ]);
    expect(await a1.isAlive()).toBe(false);
    expect(await record('a1')).toMatchObject({ status: 'killed' });
    expect(accepted()).toMatchObject([
      { operation: 'KILL_AGENT', agentId: 'a1', reason: expect.any(String) },
    ]);
  });

  it('is the same operation when it comes again, and kills once', async () => {
    const { deliver, now, accepted } = await open();
    const [first, again] = [
      await deliver(platform.event('a1', now)),
      await deliver(platform.event('a1', now)),
    ];
    expect(first.status).toBe(200);
    expect(again.told).toEqual(first.told);
    expect(accepted()).toHaveLength(1);
  });

  it('is the same operation when it comes twice at the same time', async () => {
    const { deliver, now, accepted } = await open();
    const both = await Promise.all([1, 2].map(() => deliver(platform.event('a1', now))));
    expect(both[0]?.told).toEqual(both[1]?.told);
    expect(accepted()).toHaveLength(1);
  });

  it('is refused under a wrong secret', async () => {
    const { deliver, now, expectRefused } = await open();
    const secret = wrong(secretOf[source] ?? SECRET);
    await expectRefused(await deliver(platform.event('a1', now), { secret }));
  });

  it.each(proofs)('is refused without %s, with an empty one, and with two', async name => {
    const { post, now, expectRefused, a1 } = await open();
    const body = JSON.stringify(platform.event('a1', now));
    const { [name]: value = '', ...others } = platform.headers(body, { at: now });
    await expectRefused(await post(body, others));
    await expectRefused(await post(body, { ...others, [name]: '' }));
    // As fetch puts two headers of one name together.
    await expectRefused(await post(body, { ...others, [name]: `${value}, ${value}` }));
    await expectRefused(await post(body, { ...others, [name]: `${value}, x` }));
    await expectRefused(await post(body, { ...others, [name]: `x, ${value}` }));
    expect((await post(body, { ...others, [name]: value })).status).toBe(200);
    expect(await a1.isAlive()).toBe(false);
  });

  it.each(timed)('is refused when it is old or ahead of time', async ({ old, ahead }) => {
    const { deliver, now, expectRefused, accepted } = await open();
    for (const at of [now - old - SECOND, now + ahead + SECOND]) {
      await expectRefused(await deliver(platform.event('a1', at), { at }));
    }
    expect((await deliver(platform.event('a1', now - old), { at: now - old })).status).toBe(200);
    expect((await deliver(platform.event('a2', now + ahead), { at: now + ahead })).status).toBe(200);
    expect(accepted()).toHaveLength(1);
  });

  it.each(timed)('is refused when it comes again after its time', async ({ old }) => {
    const { deliver, now, clock, accepted, agent } = await open();
    await deliver(platform.event('a1', now));
    await agent('a2');
    clock.advance(old + SECOND);
    expectProblem(await deliver(platform.event('a1', now)), 401, 'unauthenticated');
    expect(accepted()).toHaveLength(1);
  });

  it.each(signed)('is refused when a byte of it was changed', async () => {
    const { post, now, expectRefused } = await open();
    const body = JSON.stringify(platform.event('a1', now));
    const headers = platform.headers(body, { at: now });
    await expectRefused(await post(body.replace('a1', 'a2'), headers));
    await expectRefused(await post(`${body} `, headers));
    await expectRefused(await post('', headers));
  });

  it.each([
    ['is no JSON', 'kill a1', 'body: must be JSON in UTF-8'],
    ['is no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'body: must be JSON in UTF-8'],
    ['is empty', '', 'body: must be JSON in UTF-8'],
    ['is a list', '[]', 'body: must be a JSON object'],
    ['is null', 'null', 'body: must be a JSON object'],
    ['says nothing', '{}', expect.any(String)],
  ])('is told that its body cannot be read when it %s', async (_, body, detail) => {
    const { post, now, expectUntouched } = await open();
    expectProblem(await post(body, platform.headers(body, { at: now })), 400, 'invalid_request', detail);
    expectUntouched();
  });

  it('gets an answer about an agent that is unknown or dead already, and need not be sent again', async () => {
    const { deliver, send, now } = await open();
    expect(await deliver(platform.event('a2', now))).toMatchObject({
      status: 200,
      told: { answers: [{ status: 404, body: { code: 'agent_not_found' } }] },
    });
    await send('POST /agents/a1/kill');
    expect(await deliver(platform.event('a1', now))).toMatchObject({
      status: 200,
      told: { answers: [{ status: 400, body: { code: 'invalid_state' } }] },
    });
  });

  it('is to be sent again when something failed inside', async () => {
    const body = { code: 'internal' };
    const { deliver, now } = await open(
      {},
      { commandsFor: fakeCommandsFor(async () => ({ status: 500, body })) },
    );
    expect(await deliver(platform.event('a1', now))).toMatchObject({
      status: 503,
      told: { answers: [{ status: 500, body }], ignored: [] },
    });
  });

  it('is answered with 202 while something is unconfirmed', async () => {
    const { deliver, now, containers } = await open();
    containers.inject('kill', 'throws');
    expect(await deliver(platform.event('a1', now))).toMatchObject({
      status: 202,
      told: { answers: [{ status: 202 }] },
    });
  });

  it('acts for no one but the platform, and may do no more than stop', async () => {
    const { deliver, now, orders } = await openNoted(platform);
    await deliver(platform.event('a1', now));
    const [order] = orders;
    expect(order).toMatchObject({
      method: 'POST',
      path: '/agents/a1/kill',
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(order?.actor).toMatchObject({ kind: 'trigger', within: {} });
    expect([...(order?.actor.scopes ?? [])]).toEqual(['agents:kill', 'agents:kill-all']);
  });

  it('finds no agent where the platform is not set up', async () => {
    const { now } = await open();
    const body = JSON.stringify(platform.event('a1', now));
    const headers = platform.headers(body, { at: now });
    const answer = await openApp().send(`POST /hooks/${source}`, { body, headers, token: null });
    expectProblem(answer, 404, 'not_found', 'No webhook source of this name is set up');
  });

  it('may have a mebibyte, and no more', async () => {
    const { post, now } = await open();
    for (const [length, status] of [
      [1024 * 1024, 400],
      [1024 * 1024 + 1, 413],
    ] as const) {
      const body = 'x'.repeat(length);
      const { status: got } = await post(body, {
        ...platform.headers(body, { at: now }),
        'content-length': `${length}`,
      });
      expect(got).toBe(status);
    }
  });
});

describe('the settings of webhooks', () => {
  it('are all reported at once when they are wrong', () => {
    expect(
      problemsOf({
        KILLSWITCH_GITHUB_SECRET: 'short',
        KILLSWITCH_GRAFANA_SECRET: SECRET,
        KILLSWITCH_SENTRY_SELECT: 'everything',
        KILLSWITCH_PAGERDUTY_SECRET: `${SECRET}`,
        KILLSWITCH_PAGERDUTY_SELECT: 'agent=labels.agent_id',
        KILLSWITCH_WEBHOOK_SECRET: 'whsec_c2hvcnQ=',
        KILLSWITCH_ALERTMANAGER_LATCH: 'yes',
      }),
    ).toEqual([
      expect.stringMatching(/^KILLSWITCH_WEBHOOK_SECRET must be whsec_ and at least 24 bytes in base64/),
      'KILLSWITCH_GITHUB_SECRET must have at least 16 characters',
      expect.stringMatching(/^KILLSWITCH_ALERTMANAGER_SELECT must be set: which agents an event is about/),
      'KILLSWITCH_ALERTMANAGER_LATCH must be true or false',
      expect.stringMatching(/^KILLSWITCH_GRAFANA_SELECT must be set: which agents an event is about/),
      'KILLSWITCH_PAGERDUTY_SECRET must have at least 16 characters each',
      'KILLSWITCH_PAGERDUTY_SELECT must be like agentIds=labels.agent_id, or the word everything',
      'KILLSWITCH_SENTRY_SECRET must be set',
    ]);
  });

  it.each(['GITHUB', 'GRAFANA', 'PAGERDUTY', 'SENTRY', 'WEBHOOK'])('of %s need a secret', platform => {
    expect(problemsOf({ [`KILLSWITCH_${platform}_SELECT`]: 'everything' })).toEqual([
      `KILLSWITCH_${platform}_SECRET must be set`,
    ]);
  });

  it('let nothing in where there are none', async () => {
    const { send } = openApp();
    expectProblem(await send('POST /hooks/standard', { body: {} }), 404, 'not_found');
    expectProblem(await send('POST /hooks/constructor', { body: {} }), 404, 'not_found');
  });

  it('open a source to POST alone', async () => {
    const { send } = await openHooks(standard);
    expectProblem(await send('GET /hooks/standard'), 405, 'method_not_allowed');
  });
});
