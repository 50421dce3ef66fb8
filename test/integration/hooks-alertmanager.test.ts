import { expect, it } from 'vitest';
import { openStoreOf } from '../services/store.js';
import { startAlertmanager, startRelay } from './alertmanager.js';
import { openWorld } from './world.js';

const TOKEN = 'a-token-that-alertmanager-shows';
const SETTINGS = { KILLSWITCH_ALERTMANAGER_SELECT: 'agentIds=labels.agent_id' };
/** What the audit says of the kills of an agent. */
const killsOf = async ({ environment }: Awaited<ReturnType<typeof openWorld>>, agentId: string) =>
  (await (await openStoreOf(environment)).entries({ agentId })).filter(
    ({ operation }) => operation === 'KILL_AGENT',
  );
const bearer = `{authorization: {credentials: '${TOKEN}'}}`;

it('stops the container of an agent for which a real Alertmanager fires, and nothing when that is resolved', async () => {
  const world = await openWorld('sqlite', { ...SETTINGS, KILLSWITCH_ALERTMANAGER_TOKEN: TOKEN });
  const { agentId, container } = await world.containerAgent();
  const other = await world.containerAgent();
  const relay = await startRelay(world.url);
  const { alert } = await startAlertmanager(`${relay.url}/hooks/alertmanager`, bearer);

  await alert({ agent_id: agentId }, { annotations: { summary: 'it burns tokens' } });
  await expect.poll(() => relay.relayed).toHaveLength(1);
  expect(container.pids()).toEqual([]);
  expect(relay.relayed).toMatchObject([{ status: 200 }]);
  expect(JSON.parse(relay.relayed[0]?.body ?? '')).toMatchObject({
    answers: [{ status: 200, body: { agentId, verified: true } }],
    ignored: [],
  });
  expect(await killsOf(world, agentId)).toMatchObject([
    { phase: 'accepted', actor: 'alertmanager', reason: 'it burns tokens' },
    { phase: 'settled' },
  ]);

  await alert({ agent_id: agentId }, { endsAt: new Date().toISOString() });
  await expect.poll(() => relay.relayed).toHaveLength(2);
  expect(JSON.parse(relay.relayed[1]?.body ?? '')).toEqual({
    answers: [],
    ignored: ['TokensBurnt: the alert is resolved'],
  });
  expect(other.container.pids()).not.toEqual([]);
});

it('kills once when Alertmanager, with user and password, sends again what it got a 503 for', async () => {
  const world = await openWorld('sqlite', {
    ...SETTINGS,
    KILLSWITCH_ALERTMANAGER_USER: 'alertmanager',
    KILLSWITCH_ALERTMANAGER_PASSWORD: TOKEN,
  });
  const { agentId, container } = await world.containerAgent();
  const relay = await startRelay(world.url, count => (count === 0 ? 503 : undefined));
  const login = `{basic_auth: {username: alertmanager, password: '${TOKEN}'}}`;
  const { alert } = await startAlertmanager(`${relay.url}/hooks/alertmanager`, login);

  await alert({ agent_id: agentId });
  await expect.poll(() => relay.relayed).toHaveLength(2);
  expect(container.pids()).toEqual([]);
  const [first, again] = relay.relayed;
  expect([first, again]).toMatchObject([
    { status: 200, shown: 503 },
    { status: 200, shown: 200 },
  ]);
  expect(JSON.parse(again?.body ?? '')).toEqual(JSON.parse(first?.body ?? ''));
  const entries = await killsOf(world, agentId);
  expect(entries.filter(({ phase }) => phase === 'accepted')).toHaveLength(1);
  expect(new Set(entries.map(({ operationId }) => operationId)).size).toBe(1);
});

it('does nothing for an Alertmanager with another token, which does not send again', async () => {
  const world = await openWorld('sqlite', { ...SETTINGS, KILLSWITCH_ALERTMANAGER_TOKEN: TOKEN });
  const { agentId, container } = await world.containerAgent();
  const relay = await startRelay(world.url);
  const { alert } = await startAlertmanager(
    `${relay.url}/hooks/alertmanager`,
    `{authorization: {credentials: '${TOKEN}x'}}`,
  );

  await alert({ agent_id: agentId });
  await expect.poll(() => relay.relayed).toMatchObject([{ status: 401 }]);
  expect(container.pids()).not.toEqual([]);
  expect(await killsOf(world, agentId)).toEqual([]);
});
