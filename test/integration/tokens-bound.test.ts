import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../functions/server/listen.js';
import { type MintOptions, mintToken } from '../../lib/adapters/jose/mint.js';
import { scopes } from '../../lib/domain/actor.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { ShownWith } from '../../lib/ports/authenticator.js';
import { utf8 } from '../../lib/util/crypto.js';
import {
  bearer,
  claimsWith,
  keySet,
  makeKey,
  openTestTokens,
  SECRET,
  startProvider,
} from '../fakes/identity-provider.js';
import { openApp } from '../functions/bench.js';

const BODY = '{"reason":"runaway"}';
const request = { method: 'POST', path: '/agents/a1/kill?x=%41', body: utf8(BODY) };
const order: MintOptions = {
  secret: SECRET,
  subject: 'github:octocat',
  scopes: ['agents:kill'],
  audience: 'killswitch',
  ttlSeconds: 60,
  request,
};
/** By `printf '{"reason":"runaway"}' | openssl dgst -sha256 -binary | basenc --base64url`, and of nothing. */
const HASH = 'YLQ1hNOMpE-PFXwgizowNAwNkFFPSuIF-CzeRY3i-kc';
const HASH_OF_NOTHING = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const binding = { m: 'POST', p: request.path, h: HASH };

const shown = (changes: Partial<typeof request> = {}): ShownWith => {
  const { method, path, body } = { ...request, ...changes };
  return { method, path, body: async () => body.buffer };
};

let opened: Awaited<ReturnType<typeof openTestTokens>>;
beforeAll(async () => {
  opened = await openTestTokens({ secret: SECRET });
});
afterAll(() => opened.tokens.close());

async function whyRefused(field: string, asked: ShownWith | undefined): Promise<object | undefined> {
  opened.logged.length = 0;
  const refusal = opened.tokens.authenticate(field, asked);
  await expect(refusal).rejects.toEqual(new KillswitchError('unauthenticated'));
  return opened.logged[0]?.entry;
}

describe('a token that is bound to a request', () => {
  it('says to which one: method, path with query, and the hash of the body', async () => {
    expect(decodeJwt(await mintToken(order))).toMatchObject({ req: binding, jti: expect.any(String) });
    const bare = await mintToken({ ...order, request: { ...request, body: new Uint8Array() } });
    expect(decodeJwt(bare)).toMatchObject({ req: { h: HASH_OF_NOTHING } });
  });

  it('is good for that one', async () => {
    const field = `Bearer ${await mintToken(order)}`;
    await expect(opened.tokens.authenticate(field, shown())).resolves.toMatchObject({
      subject: 'github:octocat',
      scopes: new Set(['agents:kill']),
    });
  });

  it.each<[string, ShownWith | undefined, string]>([
    ['another method', shown({ method: 'DELETE' }), 'req.m'],
    ['the method in small letters', shown({ method: 'post' }), 'req.m'],
    ['another path', shown({ path: '/agents/a2/kill?x=%41' }), 'req.p'],
    ['the path spelt otherwise', shown({ path: '/agents/a1/kill?x=A' }), 'req.p'],
    ['no query', shown({ path: '/agents/a1/kill' }), 'req.p'],
    ['more of a query', shown({ path: `${request.path}&y` }), 'req.p'],
    ['another body', shown({ body: utf8('{"reason":"Runaway"}') }), 'req.h'],
    ['a body with a space more', shown({ body: utf8(`${BODY} `) }), 'req.h'],
    ['no body', shown({ body: new Uint8Array() }), 'req.h'],
    ['a body that breaks off', { ...shown(), body: () => Promise.reject(new Error('gone')) }, ''],
    ['a request that nobody can tell', undefined, 'req.m'],
  ])('is none for %s', async (_name, asked, claim) => {
    const why = await whyRefused(`Bearer ${await mintToken(order)}`, asked);
    expect(why).toEqual(claim === '' ? { code: 'unexpected' } : { code: 'another_request', claim });
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', `POST ${request.path}`],
    ['empty', {}],
    ['a list', [binding]],
    ['without the method', { ...binding, m: undefined }],
    ['without the path', { ...binding, p: undefined }],
    ['without the hash', { ...binding, h: undefined }],
    ['with a padded hash', { ...binding, h: `${HASH}=` }],
    ['with an empty hash', { ...binding, h: '' }],
    ['with something more', { ...binding, origin: 'b' }],
  ])('is refused when the binding is %s', async (_name, req) => {
    expect(await whyRefused(await bearer(claimsWith({ req })), shown())).toMatchObject({
      code: 'claim_malformed',
      claim: expect.stringMatching(/^req/),
    });
  });

  it('is not loosed from its request by anyone without a key', async () => {
    const [header, , signature] = (await mintToken(order)).split('.');
    const free = Buffer.from(JSON.stringify(claimsWith())).toString('base64url');
    const why = await whyRefused(`Bearer ${header}.${free}.${signature}`, shown());
    expect(why).toEqual({ code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });

  it('is used up only by its own request, where it is for single use', async () => {
    const used: string[] = [];
    const markUsed = async (id: string) => {
      const seen = used.includes(id);
      used.push(id);
      return seen ? ('seen' as const) : ('first' as const);
    };
    const { tokens } = await openTestTokens({ secret: SECRET, markUsed });
    const field = `Bearer ${await mintToken({ ...order, once: true })}`;
    await expect(tokens.authenticate(field, shown({ method: 'PUT' }))).rejects.toThrow();
    expect(used).toEqual([]);
    await expect(tokens.authenticate(field, shown())).resolves.toBeDefined();
    await expect(tokens.authenticate(field, shown())).rejects.toThrow();
  });

  it('says where it was asked from, which counts in no token but a bound one', async () => {
    const source = '203.0.113.7';
    const bound = await mintToken({ ...order, source });
    expect(await opened.tokens.authenticate(`Bearer ${bound}`, shown())).toMatchObject({ source });
    const { request: _, ...free } = order;
    const unbound = await mintToken({ ...free, scopes: ['agents:kill'], source });
    expect(await opened.tokens.authenticate(`Bearer ${unbound}`, shown())).not.toHaveProperty('source');
    const odd = await mintToken({ ...order, source: 'x\u001b[2J' });
    await expect(opened.tokens.authenticate(`Bearer ${odd}`, shown())).rejects.toThrow();
  });

  it('may have no scope, and then may nothing', async () => {
    const field = `Bearer ${await mintToken({ ...order, scopes: [] })}`;
    await expect(opened.tokens.authenticate(field, shown())).resolves.toMatchObject({ scopes: new Set() });
  });

  it('names who passes it on, which gives no one more', async () => {
    const token = await mintToken({ ...order, via: 'gateway' });
    expect(decodeJwt(token)).toMatchObject({ sub: 'github:octocat', act: { sub: 'gateway' } });
    const actor = await opened.tokens.authenticate(`Bearer ${token}`, shown());
    expect(actor).toMatchObject({ subject: 'github:octocat', scopes: new Set(['agents:kill']) });
  });
});

it('does not read the body for a token that is free', async () => {
  const body = () => Promise.reject(new Error('read'));
  const actor = opened.tokens.authenticate(await bearer(claimsWith()), { ...shown(), body });
  await expect(actor).resolves.toMatchObject({ subject: 'alice' });
});

describe('a server', () => {
  const key = makeKey('EdDSA', 'gateway');
  let url: string;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const provider = await startProvider(keySet(await key));
    const { tokens } = await openTestTokens({ jwks: { url: provider.url } });
    const bench = openApp({ authenticator: tokens });
    await bench.agent('a1');
    const port = await listen(bench.app, { host: '127.0.0.1', port: 0 });
    closing.push(port.close, tokens.close, provider.die);
    url = port.url;
  });
  afterAll(() => Promise.all(closing.map(close => close())));

  const tokenFor = async (method: string, path: string, body: string) => {
    const { secret: _, ...unsigned } = order;
    const bound = { method, path, body: utf8(body) };
    return mintToken({ ...unsigned, privateJwk: { ...(await key).privateJwk }, scopes, request: bound });
  };
  const ask = async (
    token: string,
    method: string,
    path: string,
    body?: string | ReadableStream,
    headers = {},
  ) => {
    const authorization = `Bearer ${token}`;
    const response = await fetch(url + path, {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body, duplex: 'half' }),
    } as RequestInit);
    await response.text();
    return response.status;
  };
  const streamed = () =>
    new ReadableStream({
      start(controller) {
        for (const part of ['{"dryRun"', ':true}']) controller.enqueue(utf8(part));
        controller.close();
      },
    });

  it('takes it for the request line and the body as they were sent', async () => {
    const [path, body] = ['/agents/a%31/kill?x=%41', '{"dryRun":true}'];
    const token = await tokenFor('POST', path, body);
    expect(await ask(token, 'POST', path, body)).toBe(200);
    expect(await ask(token, 'POST', path, streamed())).toBe(200);
    expect(await ask(token, 'POST', path, body, { 'idempotency-key': 'k1' })).toBe(200);
    const list = '/agents?status=running&label=a%3Db';
    expect(await ask(await tokenFor('GET', list, ''), 'GET', list)).toBe(200);
  });

  it('refuses it for another one', async () => {
    const body = '{"dryRun":true}';
    const token = await tokenFor('POST', '/agents/a1/kill', body);
    expect(await ask(token, 'POST', '/agents/a1/kill', body)).toBe(200);
    for (const other of ['/agents/a%31/kill', '/agents/a1/kill?x', '/agents/kill-all', '/latch']) {
      expect(await ask(token, 'POST', other, body)).toBe(401);
    }
    expect(await ask(token, 'POST', '/agents/a1/kill')).toBe(401);
    expect(await ask(token, 'POST', '/agents/a1/kill', '{}')).toBe(401);
    expect(await ask(token, 'PUT', '/agents/a1/kill', body)).not.toBe(200);
    expect(await ask(token, 'GET', '/agents')).toBe(401);
  });
});
