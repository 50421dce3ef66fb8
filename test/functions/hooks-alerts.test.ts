import { describe, expect, it } from 'vitest';
import { fakeCommandsFor } from '../fakes/commands.js';
import { expectProblem } from './bench.js';
import { openHooks, openNoted, problemsOf } from './hooks-bench.js';
import { alertmanager, alertOf, alertsOf, grafana, hmac, SECRET } from './hooks-platforms.js';

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('the credential of Alertmanager', () => {
  const event = alertsOf('4', alertOf({ agent_id: 'a1' }));
  const login = {
    KILLSWITCH_ALERTMANAGER_TOKEN: undefined,
    KILLSWITCH_ALERTMANAGER_USER: 'alert mänager',
    KILLSWITCH_ALERTMANAGER_PASSWORD: 'a:password of the tests',
  };

  it('may be a user and a password', async () => {
    const { deliver, a1 } = await openHooks(alertmanager, login);
    expect((await deliver(event, {}, basic('alert mänager:a:password of the tests'))).status).toBe(200);
    expect(await a1.isAlive()).toBe(false);
  });

  it.each([
    'alert mänager:a:password of the test',
    'alert mänager:',
    'alert mänager',
    ':a:password of the tests',
    'a:password of the tests',
    '',
  ])('is not %j', async text => {
    const { deliver, expectRefused } = await openHooks(alertmanager, login);
    await expectRefused(await deliver(event, {}, basic(text)));
    await expectRefused(await deliver(event, {}, { authorization: `Bearer ${text || 'x'}` }));
  });

  it('may be either where both are set', async () => {
    const both = { ...login, KILLSWITCH_ALERTMANAGER_TOKEN: 'a-secret-of-the-tests' };
    const { deliver, expectRefused } = await openHooks(alertmanager, both);
    await expectRefused(await deliver(event, {}, basic('a-secret-of-the-tests')));
    await expectRefused(await deliver(event, {}, { authorization: 'Basic a-secret-of-the-tests' }));
    await expectRefused(await deliver(event, {}, { authorization: 'a-secret-of-the-tests' }));
    expect((await deliver(event, {}, { authorization: 'bearer a-secret-of-the-tests' })).status).toBe(200);
    expect((await deliver(event, {}, basic('alert mänager:a:password of the tests'))).status).toBe(200);
  });

  it.each([
    [{ SELECT: 'everything' }, ['TOKEN must be set, unless the user and the password are']],
    [{ SELECT: 'everything', USER: 'alerts' }, ['PASSWORD must be set together with the user']],
    [{ SELECT: 'everything', PASSWORD: SECRET }, ['USER must be set together with the password']],
    [
      { SELECT: 'everything', USER: 'a:b', PASSWORD: SECRET },
      ['USER must not contain a colon (RFC 7617 section 2)'],
    ],
    [{ SELECT: 'everything', TOKEN: 'short' }, ['TOKEN must have at least 16 characters']],
    [
      { SELECT: 'everything', USER: 'alerts', PASSWORD: 'short' },
      ['PASSWORD must have at least 16 characters'],
    ],
  ])('keeps the server from starting as %j', (set, problems) => {
    const settings = Object.entries(set).map(([name, value]) => [`KILLSWITCH_ALERTMANAGER_${name}`, value]);
    expect(problemsOf(Object.fromEntries(settings))).toEqual(
      problems.map(problem => `KILLSWITCH_ALERTMANAGER_${problem}`),
    );
  });
});

describe('the signature of Grafana', () => {
  const event = alertsOf('1', alertOf({ agent_id: 'a1' }));

  it('covers the time', async () => {
    const { deliver, now, expectRefused } = await openHooks(grafana);
    const other = { 'x-grafana-alerting-timestamp': `${now / 1000 - 1}` };
    await expectRefused(await deliver(event, {}, other));
  });

  it('must be one with a time: that of the body alone can be sent again for ever', async () => {
    const { post, now, expectRefused } = await openHooks(grafana);
    const body = JSON.stringify(event);
    const signature = { 'x-grafana-alerting-signature': hmac(SECRET, body).digest('hex') };
    await expectRefused(await post(body, signature));
    await expectRefused(await post(body, { ...signature, 'x-grafana-alerting-timestamp': '' }));
    await expectRefused(await post(body, { ...signature, 'x-grafana-alerting-timestamp': `${now / 1000}` }));
  });

  it('may have its time in a header of another name', async () => {
    const { post, now } = await openHooks(grafana, { KILLSWITCH_GRAFANA_TIMESTAMP_HEADER: 'X-Sent-At' });
    const body = JSON.stringify(event);
    const { 'x-grafana-alerting-timestamp': time = '', ...signature } = grafana.headers(body, { at: now });
    expect((await post(body, { ...signature, 'x-sent-at': time })).status).toBe(200);
    expect(problemsOf({ ...grafana.settings, KILLSWITCH_GRAFANA_TIMESTAMP_HEADER: 'sent at' })).toEqual([
      'KILLSWITCH_GRAFANA_TIMESTAMP_HEADER must be the name of a header',
    ]);
  });
});

describe.each([
  [alertmanager, '4'],
  [grafana, '1'],
] as const)('the alerts of $source', (platform, version) => {
  const prefix = `KILLSWITCH_${platform.source.toUpperCase()}`;
  const three = alertsOf(
    version,
    alertOf({ agent_id: 'a1' }, { fingerprint: '1' }),
    alertOf({ agent_id: 'a2' }, { fingerprint: '2', status: 'resolved' }),
    alertOf({ instance: 'x' }, { fingerprint: '3' }),
    alertOf({ agent_id: 'no/agent', alertname: undefined }, { fingerprint: '4' }),
  );

  it('are each an order, and those that no longer fire or name no agent are reported', async () => {
    const { deliver, agent, accepted } = await openHooks(platform);
    const a2 = await agent('a2');
    const { status, told } = await deliver(three);
    expect(status).toBe(200);
    expect(told.answers).toMatchObject([{ status: 200, body: { agentId: 'a1' } }]);
    expect(told.ignored).toEqual([
      'TokensBurnt: the alert is resolved',
      'TokensBurnt: it has no labels.agent_id',
      '4: its labels.agent_id is not an agent ID',
    ]);
    expect(await a2.isAlive()).toBe(true);
    expect(accepted()).toMatchObject([{ actor: platform.source, reason: 'it burns tokens' }]);
  });

  it('that fire on are the same operations, also among others, until they start anew', async () => {
    const { deliver, agent, accepted } = await openHooks(platform, {
      [`${prefix}_SELECT`]: 'taskId=labels.task',
    });
    const first = alertOf({ task: 't1' }, { fingerprint: '1' });
    await deliver(alertsOf(version, first));
    await agent('a2');
    const second = alertOf({ task: 't2' }, { fingerprint: '2' });
    await deliver({ ...alertsOf(version, second, first), truncatedAlerts: 3, more: 'members' });
    expect(accepted().filter(({ operation }) => operation === 'KILL_ALL_AGENTS')).toHaveLength(2);
    expect(
      (await deliver(alertsOf(version, { ...first, startsAt: '2026-11-22T09:59:00Z' }))).told,
    ).toMatchObject({
      answers: [{ body: { total: 1, killed: 1 } }],
    });
  });

  it('are others in another group', async () => {
    const { deliver, orders } = await openNoted(platform);
    const event = alertsOf(version, alertOf({ agent_id: 'a1' }));
    await deliver(event);
    await deliver({ ...event, groupKey: '{}:{}' });
    expect(new Set(orders.map(({ key }) => key)).size).toBe(2);
  });

  it('are others for another selection, after the setting was changed', async () => {
    const event = alertsOf(version, alertOf({ agent_id: 'a1' }));
    const keys = await Promise.all(
      ['everything', 'agentIds=labels.agent_id'].map(async select => {
        const { deliver, orders } = await openNoted(platform, { [`${prefix}_SELECT`]: select });
        await deliver(event);
        return orders[0]?.key;
      }),
    );
    expect(new Set(keys).size).toBe(2);
  });

  it('select several agents, or by labels, as the setting says', async () => {
    const select = 'agentIds=labels.agents,labels.team=annotations.team';
    const { deliver, orders } = await openNoted(platform, { [`${prefix}_SELECT`]: select });
    const annotations = { team: 'core' };
    await deliver(alertsOf(version, alertOf({ agents: 'a1 a2' }, { annotations })));
    await deliver(alertsOf(version, alertOf({ agents: 'a1' }, { annotations })));
    expect(orders).toMatchObject([
      { path: '/agents/kill-all', body: { selector: { agentIds: ['a1', 'a2'], labels: { team: 'core' } } } },
      { path: '/agents/kill-all', body: { selector: { agentIds: ['a1'], labels: { team: 'core' } } } },
    ]);
    expect(orders[0]?.body).toHaveProperty('reason', 'TokensBurnt');
  });

  it('stop every agent by the word alone, and latch where that is set', async () => {
    const { deliver, a1, send } = await openHooks(platform, {
      [`${prefix}_SELECT`]: 'everything',
      [`${prefix}_LATCH`]: 'true',
    });
    const { told } = await deliver(alertsOf(version, alertOf({}, { annotations: {} })));
    expect(told.answers).toMatchObject([{ status: 200, body: { total: 1, killed: 1 } }]);
    expect(await a1.isAlive()).toBe(false);
    expect((await send('GET /latch')).json).toMatchObject({ engaged: true, by: platform.source });
  });

  it('are cut to the length of a reason', async () => {
    const { deliver, orders } = await openNoted(platform);
    const annotations = { summary: 'x'.repeat(5000) };
    await deliver(alertsOf(version, alertOf({ agent_id: 'a1' }, { annotations })));
    expect(orders[0]?.body).toEqual({ reason: 'x'.repeat(1000) });
  });

  it('may be none', async () => {
    const { deliver } = await openHooks(platform);
    expect(await deliver(alertsOf(version))).toMatchObject({
      status: 200,
      told: { answers: [], ignored: [] },
    });
  });

  it.each(['fingerprint', 'startsAt', 'status', 'labels'])('are refused without %s', async name => {
    const { deliver, expectUntouched } = await openHooks(platform);
    const event = alertsOf(version, alertOf({ agent_id: 'a1' }, { [name]: undefined }));
    expectProblem(await deliver(event), 400, 'invalid_request');
    expectUntouched();
  });
});

describe('a delivery with very many orders', () => {
  const event = (count: number) =>
    alertsOf('4', ...Array.from({ length: count }, (_, at) => alertOf({ agent_id: `agent-${at}` })));

  it('has at most 50 of them carried out, and says how many were not, and from which on', async () => {
    const { deliver, orders } = await openNoted(alertmanager);
    const { told } = await deliver(event(60));
    expect(orders).toHaveLength(50);
    expect(told.answers).toHaveLength(50);
    expect(told.ignored).toEqual([
      '10 orders were not carried out, starting with POST /agents/agent-50/kill: a delivery may contain at most 50',
    ]);
  });

  it('has them carried out one after another', async () => {
    let running = 0;
    let most = 0;
    const { deliver } = await openHooks(
      alertmanager,
      {},
      {
        commandsFor: fakeCommandsFor(async () => {
          most = Math.max(most, ++running);
          await new Promise(resolve => setImmediate(resolve));
          running--;
          return { status: 200, body: {} };
        }),
      },
    );
    expect((await deliver(event(5))).told.answers).toHaveLength(5);
    expect(most).toBe(1);
  });
});
