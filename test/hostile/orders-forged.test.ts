import { expect, it } from 'vitest';
import { openStore } from '../../functions/node.js';
import { readConfig } from '../../functions/server/read-environment.js';
import { createJournal } from '../../lib/adapters/state/journal/index.js';
import { LATCH } from '../../lib/agents/latch.js';
import { encodeCommand } from '../../lib/store/command-codec.js';
import { actorWith } from '../fakes/authenticator.js';
import { killAllOf } from '../fakes/core.js';
import { strangers } from '../fakes/signing.js';
import { openWorld } from '../integration/world.js';
import { afterFile } from '../services/registry.js';
import { storeKinds } from '../services/server.js';

let labels = 0;
/** Nobody else's agents carry this label: these orders stop all that do. */
const apart = () => ({
  KILLSWITCH_SANDBOX: 'docker',
  KILLSWITCH_AGENT_LABEL: `hostile-orders-${process.pid}-${labels++}`,
});
const ceo = actorWith({ subject: 'ceo@example.org' });
const at = '2026-11-22T10:00:00.000Z';

async function openBeside(world: Awaited<ReturnType<typeof openWorld>>) {
  const config = readConfig(world.environment);
  const store = await openStore(config, world.log);
  afterFile(() => store.close());
  return { records: store.records, journal: createJournal({ directory: config.stateDirectory }), config };
}

it.each(storeKinds)(
  'who may write %s or the journal gives orders in no name but “unverified”',
  async kind => {
    const world = await openWorld(kind, apart());
    const { records, journal, config } = await openBeside(world);
    for (const [n, place] of ['journal', 'store'].entries()) {
      const agent = await world.agent();
      await agent.registered();
      const selector = { agentIds: [agent.agentId] };
      const operationId = `0193aaaa-0000-7000-8000-00000000000${n}`;
      const order = killAllOf({ operationId, actor: ceo, latch: true, selector });
      const intent = encodeCommand(strangers, order, new Date().toISOString());
      if (place === 'journal') await journal.append(operationId, intent);
      else {
        const document = { kind: 'operation', id: operationId } as const;
        const next = JSON.stringify({
          operationId,
          state: 'running',
          type: 'kill-all',
          requestedBy: 'ceo',
          intent,
        });
        const debt = { host: config.hostId, dueAt: 0 };
        await records.commit([{ document, expect: null, next, debt, audit: [] }]);
      }
      await expect
        .poll(async () => (await world.request('GET', `/agents/${agent.agentId}`)).body, { timeout: 15_000 })
        .toMatchObject({ status: 'killed', kill: { requestedBy: 'unverified' } });
    }
    const { body } = await world.request('GET', '/latch');
    expect(body).toMatchObject({ engaged: true, unverified: true });
    expect(JSON.stringify(body)).not.toContain('"by":"ceo');
    const { text } = await world.request('GET', '/audit');
    expect(text).not.toContain('"actor":"ceo');
  },
);

it.each(storeKinds)('who may write %s engages the latch in no name but “unverified”', async kind => {
  const world = await openWorld(kind, apart());
  const { records } = await openBeside(world);
  const hold = { operationId: 'o', since: at, by: 'ceo@example.org', selector: { taskId: 't1' } };
  const next = JSON.stringify({ engaged: true, holds: [hold] });
  await records.commit([{ document: LATCH, expect: null, next, audit: [] }]);
  expect((await world.request('GET', '/latch')).body).toMatchObject({ by: 'unverified', unverified: true });
  const held = await world.agent({ taskId: 't1' });
  expect((await held.register()).status).toBe(409);
  const reset = await world.request('DELETE', '/latch', { body: { reason: 'forged' } });
  expect(reset.body).toEqual({ engaged: false });
  expect((await held.register()).status).toBe(201);
});
