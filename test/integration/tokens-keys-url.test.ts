import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tokens, TokensOptions } from '../../lib/adapters/jose/tokens.js';
import {
  bearer,
  claimsWith,
  keySet,
  makeKey,
  openTestTokens,
  SECRET,
  type SigningKey,
  startProvider,
} from '../fakes/identity-provider.js';

const refused = { code: 'unauthenticated' };
const closing: (() => Promise<unknown>)[] = [];
let first: SigningKey;
let second: SigningKey;

beforeEach(async () => {
  // Only the timer of the background look: the network keeps its own.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  first = await makeKey('ES256', 'first');
  second = await makeKey('ES256', 'second');
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  vi.useRealTimers();
});

async function open(options: Partial<TokensOptions>) {
  const { tokens, time, logged } = await openTestTokens(options);
  closing.push(tokens.close);
  const pass = (milliseconds: number) => {
    time.monotonic += milliseconds;
    vi.advanceTimersByTime(milliseconds);
  };
  return { tokens, time, logged, pass };
}

async function start(body: string) {
  const provider = await startProvider(body);
  closing.push(provider.die);
  return provider;
}

const withKey = async (tokens: Tokens, key: SigningKey) =>
  tokens.authenticate(await bearer(claimsWith(), key));
const isTaken = (tokens: Tokens, key: SigningKey) =>
  withKey(tokens, key).then(
    () => true,
    () => false,
  );

describe('a key set of an identity provider', () => {
  it('outlives the provider', async () => {
    const provider = await start(keySet(first));
    const { tokens, pass } = await open({ jwks: { url: provider.url } });
    expect(await isTaken(tokens, first)).toBe(true);
    await provider.die();

    pass(24 * 3600 * 1000);
    await vi.waitFor(async () => expect((await tokens.probe()).detail).toContain('does not answer'));
    expect(await tokens.probe()).toEqual({
      name: 'tokens',
      ok: true,
      detail:
        '1 public keys, confirmed 86400 s ago; the last refresh failed: the identity provider does not answer',
    });
    expect(await isTaken(tokens, first)).toBe(true);
    expect(await isTaken(tokens, second)).toBe(false);
  });

  it('is looked at every 10 minutes without being asked for', async () => {
    const provider = await start(keySet(first));
    const { tokens, pass } = await open({ jwks: { url: provider.url } });
    expect(await isTaken(tokens, first)).toBe(true);
    pass(570_000);
    expect(provider.state.requests).toBe(1);

    provider.state.body = keySet(second);
    pass(30_000);
    await vi.waitFor(async () => expect(await isTaken(tokens, first)).toBe(false));
    expect(provider.state.requests).toBe(2);
    expect(await isTaken(tokens, second)).toBe(true);
  });

  it('is fetched again for a key that is unknown, at most every 30 seconds', async () => {
    const provider = await start(keySet(first));
    const { tokens, time } = await open({ jwks: { url: provider.url } });
    expect(await isTaken(tokens, first)).toBe(true);
    provider.state.body = keySet(first, second);
    for (let attempt = 0; attempt < 20; attempt++) expect(await isTaken(tokens, second)).toBe(false);
    expect(provider.state.requests).toBe(1);

    time.monotonic += 30_000;
    const together = Array.from({ length: 20 }, () => isTaken(tokens, second));
    expect(await Promise.all(together)).toEqual(Array(20).fill(true));
    expect(provider.state.requests).toBe(2);
  });

  it.each([
    ['answers with an error', { status: 503 }, 'the identity provider answers with status 503'],
    [
      'answers with a redirect',
      { status: 302, location: '/elsewhere' },
      'the identity provider answers with status 302',
    ],
    ['answers with a page', { body: '<html>' }, 'it is not JSON'],
    [
      'answers with more than is read',
      { body: `{"keys":[]}${' '.repeat(1024 * 1024)}` },
      'the answer of the identity provider is too large',
    ],
    ['has no keys any more', { body: '{"keys":[]}' }, 'it holds no public key for EdDSA, ES256 or RS256'],
  ])('stays while the provider %s', async (_name, change, why) => {
    const provider = await start(keySet(first));
    const { tokens, pass } = await open({ jwks: { url: provider.url } });
    expect(await isTaken(tokens, first)).toBe(true);
    Object.assign(provider.state, change);
    pass(600_000);
    await vi.waitFor(async () => expect((await tokens.probe()).detail).toContain(why));
    expect(await isTaken(tokens, first)).toBe(true);
    expect(provider.state.requests).toBe(2);
  });

  it('need not be there at the start: the secret works meanwhile, the keys as soon as they come', async () => {
    const provider = await start('');
    provider.state.status = 500;
    const { tokens, pass } = await open({ jwks: { url: provider.url }, secret: SECRET });
    await expect(withKey(tokens, first)).rejects.toMatchObject(refused);
    await expect(tokens.authenticate(await bearer(claimsWith()))).resolves.toMatchObject({
      subject: 'alice',
    });
    expect(await tokens.probe()).toMatchObject({ ok: false, detail: expect.stringContaining('status 500') });

    Object.assign(provider.state, { status: 200, body: keySet(first) });
    pass(30_000);
    await vi.waitFor(async () => expect(await isTaken(tokens, first)).toBe(true));
  });

  it.each([
    ['takes the connection and says nothing', () => {}, 'does not answer'],
    [
      'breaks off in the middle',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{'),
      'breaks off',
    ],
  ])('is not waited for without end when the provider %s', async (_name, answer, why) => {
    const broken = createServer(answer);
    await new Promise<void>(resolve => broken.listen(0, '127.0.0.1', resolve));
    closing.push(async () => broken.close());
    const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}/`;
    const { tokens } = await open({ jwks: { url }, secret: SECRET });

    await expect(tokens.authenticate(await bearer(claimsWith()))).resolves.toMatchObject({
      subject: 'alice',
    });
    await expect(withKey(tokens, first)).rejects.toMatchObject(refused);
    expect(await tokens.probe()).toMatchObject({ ok: false, detail: expect.stringContaining(why) });
  });

  it('is left alone after closing', async () => {
    const provider = await start(keySet(first));
    const { tokens, pass } = await open({ jwks: { url: provider.url } });
    expect(await isTaken(tokens, first)).toBe(true);
    await tokens.close();
    pass(3_600_000);
    expect(await isTaken(tokens, first)).toBe(true);
    expect(provider.state.requests).toBe(1);
  });
});
