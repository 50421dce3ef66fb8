import { expect, it } from 'vitest';
import { isLong, openRandom } from '../faults/random.helper.js';
import { call, settings, startBuiltServer } from '../services/server.js';
import { type Delivery, openDeliveries, triggerSettings, turned } from './triggers.helper.js';

const DELIVERIES = isLong ? 50_000 : 800;
const AT_ONCE = 16;
/** No delivery names them, and nothing is set up that would let one stop everybody. */
const UNNAMED = ['kept-1', 'kept-2', 'kept-3'];

interface DeliveryAnswer {
  readonly answers?: readonly { readonly status: number; readonly body?: { readonly agentId?: string } }[];
}

/** The time of these is in the content, or the proof of a button: broken content may prove nothing any more. */
const MAY_PROVE_NOTHING = /github|pagerduty|sentry|mattermost/;

/** What is wrong with an answer, whatever the delivery says: told a second time, and not by the code that reads it. */
function wrongIn({ path }: Delivery, status: number, { answers = [] }: DeliveryAnswer): string | undefined {
  const isRefused = status === 401 || status === 429;
  if (status >= 500 || (isRefused && !MAY_PROVE_NOTHING.test(path)))
    return `it was signed, and got ${status}`;
  const strangers = answers.filter(({ body }) => body?.agentId !== undefined && body.agentId !== 'named');
  return strangers.length > 0 ? 'it stopped somebody whom it does not name' : undefined;
}

it(`takes ${DELIVERIES} signed deliveries of broken content without an error of its own or a wrong stop`, async () => {
  const chance = openRandom();
  const environment = { KILLSWITCH_SANDBOX: 'none', KILLSWITCH_LOG_LEVEL: 'info', ...triggerSettings };
  const { url } = await startBuiltServer(settings('sqlite', environment));
  for (const agentId of [...UNNAMED, 'named']) {
    await call(url, 'PUT', `/agents/${agentId}`, { body: { status: 'running' } });
  }
  const send = async ({ path, headers, body }: Delivery) => {
    const response = await fetch(url + path, { method: 'POST', headers, body: new Uint8Array(body) });
    const text = await response.text();
    return {
      status: response.status,
      told: (/^\{/.test(text) ? JSON.parse(text) : {}) as DeliveryAnswer,
      text,
    };
  };
  const next = openDeliveries(chance);
  const statuses = new Map<string, number>();
  const wrong: object[] = [];
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < DELIVERIES) {
      sent += 1;
      const delivery = next();
      const isTurned = delivery.isSealed && delivery.body.length > 0 && sent % 4 === 0;
      const { status, told, text } = await send(isTurned ? turned(chance, delivery) : delivery);
      const why = isTurned
        ? [401, 413, 429].includes(status)
          ? undefined
          : 'its signature does not hold'
        : wrongIn(delivery, status, told);
      if (why)
        wrong.push({
          why,
          status,
          path: delivery.path,
          body: `${delivery.body}`.slice(0, 300),
          text: text.slice(0, 300),
        });
      const line = `${delivery.path} ${status}`;
      statuses.set(line, (statuses.get(line) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  expect({ seed: chance.seed, wrong: wrong.slice(0, 3) }).toEqual({ seed: chance.seed, wrong: [] });
  // Enough of them were right, or nothing would have been tried.
  for (const path of [
    'hooks/standard',
    'hooks/github',
    'chatops/slack',
    'chatops/discord',
    'chatops/mattermost',
  ]) {
    expect(statuses.get(`/${path} 200`)).toBeGreaterThan(0);
  }
  const { body } = await call(url, 'GET', '/agents?limit=1000');
  const byId = new Map(
    (body.agents as { agentId: string; status: string }[]).map(one => [one.agentId, one.status]),
  );
  expect(UNNAMED.map(agentId => byId.get(agentId))).toEqual(UNNAMED.map(() => 'running'));
  expect(byId.get('named')).toBe('killed');
}, 600_000);
