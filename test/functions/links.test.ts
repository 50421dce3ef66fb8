import { describe, expect, it } from 'vitest';
import type { Deps } from '../../functions/http/function.js';
import { claimsOf } from '../../functions/links.js';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { openTokens } from '../../lib/adapters/jose/tokens.js';
import { markUsed } from '../../lib/store/single-use.js';
import { fakeCommandsFor } from '../fakes/commands.js';
import { fakeCore } from '../fakes/core.js';
import { openApp } from './bench.js';

const secret = 'a secret of the tests, long enough for HS256';
const audience = 'killswitch';

const linkFor = (more: Partial<Parameters<typeof mintToken>[0]> = {}): Promise<string> =>
  mintToken({
    secret,
    audience,
    subject: 'ops',
    scopes: ['agents:kill'],
    within: { agentId: 'a1' },
    ttlSeconds: 60,
    once: true,
    ...more,
  });

async function openBench(more: Partial<Deps> = {}) {
  const bed = fakeCore();
  const { clock, log, records } = bed.core;
  const tokens = await openTokens({
    secret,
    audience,
    clock: { ...clock, now: () => Date.now() },
    log,
    markUsed: (id, ttlSeconds) => markUsed(records, id, ttlSeconds),
  });
  const app = openApp({ bed, authenticator: tokens, clock: { now: () => Date.now() }, ...more });
  const agent = await app.agent('a1');
  return { ...app, agent, link: await linkFor() };
}

describe('a kill link', () => {
  it('shows a page with one button to anyone who looks, any number of times, and changes nothing', async () => {
    const { send, link, agent } = await openBench();
    for (const method of ['GET', 'HEAD', 'GET']) {
      const { status, text, headers } = await send(`${method} /links/${link}`, { token: null });
      expect(status).toBe(200);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*form-action 'self'/);
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(text.match(/<button/g) ?? []).toHaveLength(method === 'GET' ? 1 : 0);
      expect(text).not.toContain('<script');
    }
    expect(await agent.isAlive()).toBe(true);
  });

  it('stops the agent when its button is pressed, once', async () => {
    const { send, link, agent, store } = await openBench();
    const pressed = await send(`POST /links/${link}`, { token: null });
    expect(pressed.status).toBe(200);
    expect(pressed.text).toContain('is dead');
    expect(pressed.text).toContain('Agent a1 killed successfully');
    expect(await agent.isAlive()).toBe(false);
    const again = await send(`POST /links/${link}`, { token: null });
    expect(again.status).toBe(401);
    expect(again.text).toContain('is not valid any more');
    expect(again.text).not.toMatch(/was stopped|a1/);
    const accepted = store.memory.audit.filter(({ phase }) => phase === 'accepted');
    expect(accepted).toMatchObject([{ agentId: 'a1', actor: 'ops', reason: 'kill link' }]);
  });

  it('stops also while it cannot be checked whether it was used', async () => {
    const { send, link, agent, store } = await openBench();
    store.faults.fail('commit');
    store.faults.fail('read');
    const { status, text } = await send(`POST /links/${link}`, { token: null });
    expect(status).toBe(202);
    expect(text).toContain('not confirmed yet');
    expect(await agent.isAlive()).toBe(false);
  });

  it('that has expired has no button', async () => {
    const { send } = openApp({ clock: { now: () => Date.now() + 120_000 } });
    const { status, text } = await send(`GET /links/${await linkFor()}`, { token: null });
    expect([status, text.includes('<button')]).toEqual([410, false]);
  });

  it.each([
    ['signed with another key', { secret: 'x'.repeat(40) }, 401],
    ['that is good for every agent', { within: {} }, 404],
    ['without the scope', { scopes: ['agents:read'] as const }, 403],
  ])('%s stops no agent', async (_, more, expected) => {
    const { send, agent } = await openBench();
    const { status, headers } = await send(`POST /links/${await linkFor(more)}`, { token: null });
    expect(status).toBe(expected);
    expect(headers.get('content-type')).toContain('text/html');
    expect(await agent.isAlive()).toBe(true);
  });

  it('claims nothing of an agent after a press that stopped no agent', async () => {
    const { send } = await openBench();
    const unknown = await linkFor({ within: { agentId: 'gone' } });
    expect((await send(`POST /links/${unknown}`, { token: null })).status).toBe(404);
    for (const link of [unknown, await linkFor({ secret: 'x'.repeat(40) })]) {
      const { status, text } = await send(`POST /links/${link}`, { token: null });
      expect(status).toBe(401);
      expect(text).toContain('This page does not know the result of an earlier press');
      expect(text).not.toMatch(/was stopped|is dead/);
    }
  });

  it('does not say that nothing was changed when the server does not know', async () => {
    const { send } = await openBench({
      commandsFor: fakeCommandsFor(async () => ({ status: 503, body: { title: 'No origin answered' } })),
    });
    const { status, text } = await send(`POST /links/${await linkFor()}`, { token: null });
    expect([status, text.includes('Nothing was changed')]).toEqual([503, false]);
    expect(text).toContain('It is not known whether agent <code>a1</code> was stopped');
  });

  it('says dead of what was seen to be dead alone', async () => {
    const { send } = await openBench({
      commandsFor: fakeCommandsFor(async () => ({
        status: 200,
        body: { message: 'm', agentId: 'a1', operationId: 'o1', verified: false, pending: [], outcomes: [] },
      })),
    });
    const { text } = await send(`POST /links/${await linkFor()}`, { token: null });
    expect(text).toContain('was seen running');
    expect(text).not.toContain('is dead');
  });

  it.each(['x', 'a.b.c', 'a..c', `a.${btoa('{"agent":"<b>","exp":1}')}.c`, `a.${btoa('null')}.c`])(
    'is not what %j is, and no text of it is shown',
    async text => {
      const { send } = await openBench();
      const got = await send(`GET /links/${encodeURIComponent(text)}`, { token: null });
      expect([got.status, got.text.includes('<b>')]).toEqual([404, false]);
      expect((await send(`POST /links/${encodeURIComponent(text)}`, { token: null })).status).toBe(404);
      expect(claimsOf(text)).toBeUndefined();
    },
  );

  it('reports an agent that is gone', async () => {
    const { send } = await openBench();
    const link = await linkFor({ within: { agentId: 'gone' } });
    const { status, text } = await send(`POST /links/${link}`, { token: null });
    expect(status).toBe(404);
    expect(text).toContain('Nothing was changed');
  });

  it('that names an end which no calendar has is none', async () => {
    const { send } = await openBench();
    for (const exp of [8_640_000_000_001, 1e300]) {
      const payload = Buffer.from(JSON.stringify({ agent: 'a1', exp })).toString('base64url');
      expect((await send(`GET /links/e30.${payload}.x`, { token: null })).status).toBe(404);
    }
  });
});
