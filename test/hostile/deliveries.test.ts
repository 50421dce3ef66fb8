import { expect, it } from 'vitest';
import { fakeCommandsFor } from '../fakes/commands.js';
import { openHooks, openNoted } from '../functions/hooks-bench.js';
import { commentOf, github } from '../functions/hooks-platforms.js';

const ORDERS = 5_000;
const comment = (now: number) =>
  commentOf(Array.from({ length: ORDERS }, (_, at) => `/kill x${at}`).join('\n'), now);

it('a comment with thousands of orders keeps no kill of others waiting for more than one of them', async () => {
  const carriedOut: string[] = [];
  let begin: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const begun = new Promise<void>(resolve => {
    begin = resolve;
  });
  const killed = new Promise<void>(resolve => {
    goOn = resolve;
  });
  const { deliver, send, a1, now } = await openHooks(
    github,
    {},
    {
      commandsFor: fakeCommandsFor(async (_actor, { path }) => {
        carriedOut.push(path);
        begin();
        await killed;
        return { status: 404, body: {} };
      }),
    },
  );
  const delivery = deliver(comment(now));
  await begun;
  expect((await send('POST /agents/a1/kill')).status).toBe(200);
  expect(await a1.isAlive()).toBe(false);
  expect(carriedOut).toEqual(['/agents/x0/kill']);
  goOn();
  const { told } = await delivery;
  expect(carriedOut).toHaveLength(50);
  expect(told.answers).toHaveLength(50);
});

it('a comment with thousands of orders is told which of them were not carried out', async () => {
  const { deliver, orders, now } = await openNoted(github);
  const { told } = await deliver(comment(now));
  expect(orders.map(({ path }) => path)).toEqual(
    Array.from({ length: 50 }, (_, at) => `/agents/x${at}/kill`),
  );
  const left = Array.from(
    { length: ORDERS - 50 },
    (_, at) => `/kill x${at + 50}: it is inside a comment with too many commands`,
  );
  expect(told.ignored).toEqual(left);
});
