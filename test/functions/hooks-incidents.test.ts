import { describe, expect, it } from 'vitest';
import { expectProblem } from './bench.js';
import { openHooks, openNoted } from './hooks-bench.js';
import { hmac, pagerduty, sentry } from './hooks-platforms.js';

const HOUR = 3_600_000;
const day = (at: number): string => new Date(at).toISOString();

describe('the signatures of PagerDuty', () => {
  const body = (at: number): string => JSON.stringify(pagerduty.event('a1', at));

  it('hold under each of the secrets, and beside others', async () => {
    for (const secret of ['another-secret-of-the-tests', 'the-secret-of-the-tests']) {
      const { post, now } = await openHooks(pagerduty);
      const made = hmac(secret, body(now)).digest('hex');
      const headers = { 'x-pagerduty-signature': `v2=00,v1=${'1'.repeat(64)},v1=${made}` };
      expect((await post(body(now), headers)).status).toBe(200);
    }
  });

  it.each([
    ['another version', (made: string) => `v2=${made}`],
    ['no version', (made: string) => made],
    ['a space', (made: string) => `v1= ${made}`],
    ['a part that is none', (made: string) => `v1=${made},`],
    ['words beside it', (made: string) => `v1=${made},x`],
    ['capitals', (made: string) => `V1=${made}`],
    ['half of it', (made: string) => `v1=${made.slice(0, 32)}`],
  ])('do not hold with %s', async (_, of) => {
    const { post, now, expectRefused } = await openHooks(pagerduty);
    const made = hmac('the-secret-of-the-tests', body(now)).digest('hex');
    await expectRefused(await post(body(now), { 'x-pagerduty-signature': of(made) }));
  });
});

describe('an incident of PagerDuty', () => {
  const eventOf = (at: number, more: object) => {
    const { event } = pagerduty.event('a1', at) as { event: object };
    return { event: { ...event, ...more } };
  };

  it.each(['incident.triggered', 'incident.reopened'])('stops: %s', async event_type => {
    const { deliver, now, accepted } = await openHooks(pagerduty);
    expect((await deliver(eventOf(now, { event_type }))).status).toBe(200);
    expect(accepted()).toMatchObject([{ actor: 'pagerduty', reason: 'It burns tokens' }]);
  });

  it.each(['incident.acknowledged', 'incident.resolved', 'pagey.ping'])(
    'asks for nothing: %s',
    async event_type => {
      const { deliver, now, expectUntouched } = await openHooks(pagerduty);
      expect(await deliver(eventOf(now, { event_type }))).toMatchObject({
        status: 200,
        told: { answers: [], ignored: [`the event is ${event_type}`] },
      });
      expectUntouched();
    },
  );

  it('is known by its ID, so that what is sent later is the same', async () => {
    const { deliver, now, orders } = await openNoted(pagerduty);
    await deliver(eventOf(now, {}));
    await deliver(eventOf(now, { agent: { type: 'service_reference' } }));
    await deliver(eventOf(now, { id: 'another' }));
    expect(orders[0]?.key).toBe(orders[1]?.key);
    expect(orders[0]?.key).not.toBe(orders[2]?.key);
  });

  it('is answered that it names no agent', async () => {
    const { deliver, now } = await openHooks(pagerduty);
    expect((await deliver(eventOf(now, { data: { title: 'x' } }))).told).toEqual({
      answers: [],
      ignored: ['it has no data.incident_key'],
    });
  });

  it.each(['', 'now', 12])('is not of a time like %j', async occurred_at => {
    const { deliver, now, expectUntouched } = await openHooks(pagerduty);
    expect((await deliver(eventOf(now, { occurred_at }))).status).toBeGreaterThanOrEqual(400);
    expectUntouched();
  });
});

describe('an alert of Sentry', () => {
  const metric = (at: number, action: string) => ({
    action,
    data: {
      metric_alert: { date_detected: day(at), title: 'Too many errors', projects: ['core'] },
      description_title: 'Critical: Too many errors',
    },
  });
  const byProject = { KILLSWITCH_SENTRY_SELECT: 'labels.team=data.metric_alert.projects.0' };

  it('of a metric stops when it becomes critical', async () => {
    const { deliver, now, agent, a1, accepted } = await openHooks(sentry, byProject);
    const worker = await agent('worker', { members: { labels: { team: 'core' } } });
    expect((await deliver(metric(now, 'critical'))).status).toBe(200);
    expect([await worker.isAlive(), await a1.isAlive()]).toEqual([false, true]);
    expect(accepted()[0]).toMatchObject({ actor: 'sentry', reason: 'Critical: Too many errors' });
  });

  it.each(['warning', 'resolved', 'created', 'triggered'])(
    'of a metric asks for nothing: %s',
    async action => {
      const { deliver, now, expectUntouched } = await openHooks(sentry, byProject);
      const { told } = await deliver(metric(now, action));
      expect(told).toEqual({ answers: [], ignored: [`the event is ${action}, not a firing alert`] });
      expectUntouched();
    },
  );

  it('of a metric counts for as long as its delivery is remembered', async () => {
    const { deliver, now } = await openHooks(sentry, byProject);
    expect((await deliver(metric(now - 22 * HOUR, 'critical'))).status).toBe(200);
    const { deliver: later, expectRefused: refused } = await openHooks(sentry, byProject);
    await refused(await later(metric(now - 24 * HOUR, 'critical')));
  });

  it('of an issue names agents by its tags, whatever else is among them', async () => {
    const { deliver, now, accepted } = await openHooks(sentry);
    const tags = [
      [{ toString: 1, valueOf: 1 }, 'x'],
      ['agent_id', 'a1'],
    ];
    const { status } = await deliver({ action: 'triggered', data: { event: { tags, datetime: day(now) } } });
    expect(status).toBe(200);
    expect(accepted()).toMatchObject([{ agentId: 'a1' }]);
  });

  it('of an issue names agents by its tags', async () => {
    const { deliver, now, accepted } = await openHooks(sentry);
    await deliver(sentry.event('a1', now));
    expect(accepted()).toMatchObject([{ actor: 'sentry', reason: 'Tokens burnt', agentId: 'a1' }]);
  });

  it.each([[undefined], [[]], ['agent_id'], [[['agent_id']]], [{ agent: 'a1' }]])(
    'of an issue with the tags %j names no agent',
    async tags => {
      const { deliver, now, expectUntouched } = await openHooks(sentry);
      const { told } = await deliver({ action: 'triggered', data: { event: { tags, datetime: day(now) } } });
      expect(told).toEqual({ answers: [], ignored: ['it has no data.event.tags.agent_id'] });
      expectUntouched();
    },
  );

  it('of an issue may have members of any name: an agent cannot keep itself from being stopped', async () => {
    const { post, now, a1 } = await openHooks(sentry);
    const body = JSON.stringify(sentry.event('a1', now)).replace(
      '"title"',
      '"__proto__":{"tags":[]},"constructor":{"toString":null},"title"',
    );
    expect((await post(body, sentry.headers(body, { at: now }))).status).toBe(200);
    expect(await a1.isAlive()).toBe(false);
  });

  it('is refused when it does not say when', async () => {
    const { deliver, expectRefused } = await openHooks(sentry);
    await expectRefused(
      await deliver({ action: 'triggered', data: { event: { tags: [['agent_id', 'a1']] } } }),
    );
  });

  it('does not take its time from the header, which no one signed', async () => {
    const { deliver, now, expectRefused } = await openHooks(sentry);
    const old = sentry.event('a1', now - 24 * HOUR);
    await expectRefused(await deliver(old, {}, { 'sentry-hook-timestamp': `${now / 1000}` }));
    expectProblem(await deliver(old, { secret: 'x' }), 401, 'unauthenticated');
  });
});
