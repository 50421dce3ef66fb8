import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { renderers } from '../../functions/notify/render.js';
import { openEvents } from '../../lib/adapters/docker/events.js';
import { bindingOf, mismatch } from '../../lib/adapters/jose/binding.js';
import { createJournal } from '../../lib/adapters/state/journal/index.js';
import { createClient } from '../../lib/client/client.js';
import { ClientError } from '../../lib/client/error.js';
import { utf8 } from '../../lib/util/crypto.js';
import { damaged, flipped } from '../fakes/damage.js';
import { temporaryDirectory } from '../services/temporary.js';

const RUNS = { numRuns: 200 };
const text = fc.string({ unit: 'binary' });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map(some => Uint8Array.from(some));

it('an answer of the server is one of the contract, or an error of the client', async () => {
  const receipt = {
    message: 'm',
    operationId: 'o',
    verified: true,
    total: 0,
    killed: 0,
    failed: 0,
    pending: 0,
  };
  const good = { ...receipt, refused: 0, agents: [] };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(200, 202, 400, 401, 409, 500, 503),
      fc.oneof(
        text,
        damaged(good).map(one => JSON.stringify(one) ?? ''),
      ),
      async (status, body) => {
        const fetch = async () => new Response(body, { status });
        const client = createClient({ url: 'http://stop.example', token: 't', fetch });
        const answer = await client.killAll().catch((error: unknown) => error);
        if (answer instanceof Error) expect(answer).toBeInstanceOf(ClientError);
        else expect(answer).toMatchObject({ status, receipt: { operationId: expect.any(String) } });
      },
    ),
    RUNS,
  );
});

it('a token that is bound to a request is for no other: not one byte of its body may change', async () => {
  await fc.assert(
    fc.asyncProperty(
      bytes.chain(body => fc.tuple(fc.constant(body), flipped(body))),
      async ([body, other]) => {
        const request = { method: 'POST', path: '/agents/a1/kill?x=%41' };
        const binding = await bindingOf({ ...request, body });
        expect(await mismatch(binding, { ...request, body })).toBeUndefined();
        expect(await mismatch(binding, { ...request, body: other })).toBe('h');
      },
    ),
    RUNS,
  );
});

it('a notification is taken by the official library, and with one byte changed it is not', async () => {
  const secret = utf8('a secret of at least twenty-four bytes');
  const official = new Webhook(Buffer.from(secret).toString('base64'));
  await fc.assert(
    fc.asyncProperty(
      fc.jsonValue({ maxDepth: 2 }).chain(event => {
        const sent = utf8(JSON.stringify(event));
        return fc.tuple(fc.constant(event), flipped(sent));
      }),
      async ([event, other]) => {
        const message = { id: 'msg_1', event } as unknown as Parameters<typeof renderers.webhook>[0];
        const target = { secrets: [secret] } as unknown as Parameters<typeof renderers.webhook>[1];
        const { headers, body } = await renderers.webhook(message, target, Date.now());
        expect(official.verify(body, { ...headers })).toEqual(JSON.parse(body));
        expect(() => official.verify(Buffer.from(other), { ...headers })).toThrow();
      },
    ),
    RUNS,
  );
});

it('events of the engine are read however they are cut, and what is none is passed over', async () => {
  const id = 'c'.repeat(64);
  const good = { Action: 'start', Actor: { ID: id, Attributes: { label: 'a1' } }, timeNano: 1e15 };
  const lines = fc.array(
    fc.oneof(
      text,
      damaged(good).map(one => JSON.stringify(one) ?? ''),
    ),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(lines, fc.integer({ min: 1, max: 50 }), async (noise, size) => {
      const whole = `${[...noise.map(line => line.replaceAll('\n', ' ')), JSON.stringify(good)].join('\n')}\n`;
      async function* chunks() {
        for (let at = 0; at < whole.length; at += size) yield whole.slice(at, at + size);
      }
      const api = { getEvents: async () => chunks() };
      const { signal } = new AbortController();
      const seen = [];
      for await (const one of await openEvents(api, {
        label: 'label',
        since: 0,
        deadlineMs: 1_000,
        signal,
      })) {
        expect(one).toMatchObject({
          id: expect.stringMatching(/^[0-9a-f]{64}$/),
          agentId: expect.any(String),
        });
        seen.push(one);
      }
      expect(seen.at(-1)).toEqual({ action: 'start', id, agentId: 'a1', at: 1e9 });
    }),
    RUNS,
  );
});

it('the journal gives back what was put there, whatever else lies beside it', async () => {
  const directory = temporaryDirectory();
  const journal = createJournal({ directory });
  await journal.append('0-first', 'one');
  const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/).filter(one => !/^\.+$|^0-first/.test(one));
  await fc.assert(
    fc.asyncProperty(name, bytes, async (file, content) => {
      writeFileSync(join(directory, 'journal', file), content);
      const intents = await journal.read();
      expect(intents).toContainEqual({ id: '0-first', text: 'one' });
      for (const { id } of intents) expect(id).toMatch(/^[A-Za-z0-9-]{1,64}$/);
    }),
    { numRuns: 100 },
  );
});
