import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tokens, TokensOptions } from '../../lib/adapters/jose/tokens.js';
import {
  bearer,
  claimsWith,
  keySet,
  makeKey,
  openTestTokens,
  type SigningKey,
} from '../fakes/identity-provider.js';

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

const withKey = async (tokens: Tokens, key: SigningKey) =>
  tokens.authenticate(await bearer(claimsWith(), key));
const isTaken = (tokens: Tokens, key: SigningKey) =>
  withKey(tokens, key).then(
    () => true,
    () => false,
  );

describe('a key set in a file', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'killswitch-keys-'));
    closing.push(() => rm(folder, { recursive: true }));
    file = join(folder, 'keys.json');
    await writeFile(file, keySet(first));
  });

  const writeInPlace = (text: string) => writeFile(file, text);
  const replaceByRename = async (text: string) => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };

  it.each([
    ['written in place', writeInPlace],
    ['replaced by a rename', replaceByRename],
  ])('is taken over when it is %s: the new key counts, the old one no more', async (_name, write) => {
    const { tokens, pass } = await open({ jwks: { file } });
    expect(await isTaken(tokens, first)).toBe(true);
    expect(await isTaken(tokens, second)).toBe(false);

    await write(keySet(second));
    pass(1000);
    await vi.waitFor(async () => expect(await isTaken(tokens, first)).toBe(false));
    expect(await isTaken(tokens, second)).toBe(true);
  });

  it('lets the old key and the new one overlap for as long as both are in it', async () => {
    const { tokens, pass } = await open({ jwks: { file } });
    expect(await isTaken(tokens, first)).toBe(true);
    await writeInPlace(keySet(first, second));
    pass(1000);
    await vi.waitFor(async () => expect(await isTaken(tokens, second)).toBe(true));
    expect(await isTaken(tokens, first)).toBe(true);
    await writeInPlace(keySet(second));
    pass(1000);
    await vi.waitFor(async () => expect(await isTaken(tokens, first)).toBe(false));
    expect(await isTaken(tokens, second)).toBe(true);
  });

  it('is taken over when the symbolic link above it is swapped', async () => {
    for (const [name, key] of [
      ['old', first],
      ['new', second],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'keys.json'), keySet(key));
    }
    await symlink('old', join(folder, 'data'));
    const { tokens, pass } = await open({ jwks: { file: join(folder, 'data', 'keys.json') } });
    expect(await isTaken(tokens, first)).toBe(true);

    await symlink('new', join(folder, 'data.new'));
    await rename(join(folder, 'data.new'), join(folder, 'data'));
    pass(1000);
    await vi.waitFor(async () => expect(await isTaken(tokens, first)).toBe(false));
    expect(await isTaken(tokens, second)).toBe(true);
  });

  it('is reported once as long as it stays the same', async () => {
    const { tokens, pass, logged } = await open({ jwks: { file } });
    for (let look = 0; look < 3; look++) {
      pass(1000);
      expect(await isTaken(tokens, second)).toBe(false);
    }
    const loaded = logged.filter(({ message }) => message === 'The key set was loaded');
    expect(loaded).toEqual([{ level: 'info', entry: { keys: 1 }, message: 'The key set was loaded' }]);
  });

  it('is looked at again for a key that is unknown, after a second', async () => {
    const { tokens, time } = await open({ jwks: { file } });
    expect(await isTaken(tokens, first)).toBe(true);
    await writeInPlace(keySet(first, second));
    expect(await isTaken(tokens, second)).toBe(false);
    time.monotonic += 1000;
    expect(await isTaken(tokens, second)).toBe(true);
  });

  it.each([
    ['cut off', () => writeInPlace(keySet(second).slice(0, -5)), 'it is not JSON'],
    ['empty', () => writeInPlace(''), 'it is not JSON'],
    ['no key set', () => writeInPlace('{"keys":{}}'), 'it is not a JSON Web Key Set'],
    ['without a key', () => writeInPlace('{"keys":[]}'), 'it holds no public key for EdDSA, ES256 or RS256'],
    ['too large', () => writeInPlace(' '.repeat(1024 * 1024 + 1)), 'it is larger than 1 MiB'],
    ['gone', () => rm(file), 'there is no such file'],
  ])('stays what it was while the file is %s, and the probe says so', async (_name, spoil, why) => {
    const { tokens, pass, logged } = await open({ jwks: { file } });
    expect(await isTaken(tokens, first)).toBe(true);

    await spoil();
    pass(1000);
    const detail = `1 public keys, confirmed 1 s ago; the last refresh failed: ${why}`;
    await vi.waitFor(async () => expect(await tokens.probe()).toEqual({ name: 'tokens', ok: true, detail }));
    expect(await isTaken(tokens, first)).toBe(true);
    pass(1000);
    expect(await isTaken(tokens, second)).toBe(false);
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(1);

    await writeInPlace(keySet(second));
    pass(1000);
    await vi.waitFor(async () => expect(await isTaken(tokens, second)).toBe(true));
    expect((await tokens.probe()).detail).toBe('1 public keys, confirmed 0 s ago');
  });

  it.each([
    ['RSA keys of 1024 bits', { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') }],
    ['a point that is not on the curve', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    [
      'a key for an algorithm that is not on the list',
      { kty: 'RSA', e: 'AQAB', alg: 'PS256', n: Buffer.alloc(256, 0xff).toString('base64url') },
    ],
    ['a shared secret', { kty: 'oct', k: 'A'.repeat(43) }],
  ])('counts as none with nothing but %s', async (_name, key) => {
    await writeInPlace(JSON.stringify({ keys: [key] }));
    const { tokens } = await open({ jwks: { file } });
    expect(await tokens.probe()).toMatchObject({
      ok: false,
      detail: expect.stringContaining('holds no public key'),
    });
  });

  it('is waited for when it is not there yet, and is no directory', async () => {
    const { tokens, pass } = await open({ jwks: { file: join(folder, 'later') } });
    const detail = 'no key set yet; the last refresh failed: there is no such file';
    expect(await tokens.probe()).toEqual({ name: 'tokens', ok: false, detail });
    await mkdir(join(folder, 'later'));
    pass(1000);
    await vi.waitFor(async () => expect((await tokens.probe()).detail).toContain('it is not a regular file'));

    await rm(join(folder, 'later'), { recursive: true });
    await writeFile(join(folder, 'later'), keySet(first));
    pass(1000);
    await vi.waitFor(async () => expect(await isTaken(tokens, first)).toBe(true));
    expect(await tokens.probe()).toMatchObject({ ok: true });
  });
});
