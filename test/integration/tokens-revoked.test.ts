import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TokensOptions } from '../../lib/adapters/jose/tokens.js';
import { bearer, claimsWith, inSeconds, openTestTokens, SECRET } from '../fakes/identity-provider.js';

const closing: (() => Promise<unknown>)[] = [];
let file: string;

beforeEach(async () => {
  // Only the timer of the background look.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const folder = await mkdtemp(join(tmpdir(), 'killswitch-revoked-'));
  closing.push(() => rm(folder, { recursive: true }));
  file = join(folder, 'revoked');
  await writeFile(file, '');
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  vi.useRealTimers();
});

async function open(options: Partial<TokensOptions> = {}) {
  const { tokens, time, logged } = await openTestTokens({ secret: SECRET, revoked: file, ...options });
  closing.push(tokens.close);
  return {
    logged,
    health: () => tokens.revocations?.probe(),
    pass(milliseconds: number) {
      time.monotonic += milliseconds;
      vi.advanceTimersByTime(milliseconds);
    },
    async isTaken(changes: Readonly<Record<string, unknown>>): Promise<boolean> {
      const field = await bearer(claimsWith(changes));
      return tokens.authenticate(field).then(
        () => true,
        () => false,
      );
    },
  };
}

it('refuses a token whose ID is listed from the next second on, and no other one of its subject', async () => {
  const { pass, isTaken } = await open();
  expect(await isTaken({ jti: 'j1' })).toBe(true);
  await appendFile(file, 'jti j1\n');
  pass(1000);
  await vi.waitFor(async () => expect(await isTaken({ jti: 'j1' })).toBe(false));
  expect(await isTaken({ jti: 'j2' })).toBe(true);
  expect(await isTaken({})).toBe(true);
});

it('refuses all tokens of a subject, whenever they were issued, until its line is taken out', async () => {
  const { pass, isTaken } = await open();
  await writeFile(file, 'sub mallory\n');
  pass(1000);
  await vi.waitFor(async () => expect(await isTaken({ sub: 'mallory' })).toBe(false));
  for (const iat of [inSeconds(-3600), inSeconds(0), inSeconds(20)]) {
    expect(await isTaken({ sub: 'mallory', iat, jti: 'new' })).toBe(false);
  }
  expect(await isTaken({ sub: 'alice' })).toBe(true);
  await writeFile(file, '# she is back\n# end 0\n');
  pass(1000);
  await vi.waitFor(async () => expect(await isTaken({ sub: 'mallory' })).toBe(true));
});

it('refuses it as it refuses any other, and tells why in the log alone', async () => {
  await writeFile(file, 'sub mallory\n');
  const { tokens, logged } = await openTestTokens({ secret: SECRET, revoked: file });
  closing.push(tokens.close);
  const refusal = async (field: string) =>
    tokens
      .authenticate(field)
      .catch(({ code, message }: { code: string; message: string }) => ({ code, message }));
  const revoked = await refusal(await bearer(claimsWith({ sub: 'mallory' })));
  expect(revoked).toEqual(await refusal('Bearer x.y.z'));
  expect(revoked).toMatchObject({ code: 'unauthenticated' });
  expect(logged).toContainEqual({
    level: 'info',
    entry: { code: 'revoked', claim: 'sub' },
    message: 'A credential was refused',
  });
});

it('does not use up a single-use token that is revoked', async () => {
  await writeFile(file, 'jti j1\n');
  const markUsed = vi.fn(async () => 'first' as const);
  const { isTaken } = await open({ markUsed });
  expect(await isTaken({ jti: 'j1', once: true })).toBe(false);
  expect(markUsed).not.toHaveBeenCalled();
});

it.each([
  ['cut off', () => writeFile(file, 'jti j1\nsu'), 'line 2 is neither "jti <id>" nor "sub <subject>"'],
  ['too large', () => writeFile(file, '#'.repeat(1024 * 1024 + 1)), 'it is larger than 1 MiB'],
  ['gone', () => rm(file), 'there is no such file'],
])(
  'keeps to the last good list while the file is %s, and says so beside what a stop needs',
  async (_, spoil, why) => {
    await writeFile(file, 'jti j1\n');
    const { pass, isTaken, health, logged } = await open();
    expect(await isTaken({ jti: 'j1' })).toBe(false);
    await spoil();
    pass(1000);
    const detail = `1 tokens and 0 subjects, confirmed 1 s ago; the last refresh failed: ${why}`;
    const told = { name: 'revocations', ok: false, aside: true, detail };
    await vi.waitFor(async () => expect(await health()).toEqual(told));
    expect(await isTaken({ jti: 'j1' })).toBe(false);
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(1);

    await writeFile(`${file}.new`, 'jti j2\n# end 1\n');
    await rename(`${file}.new`, file);
    pass(1000);
    await vi.waitFor(async () => expect(await isTaken({ jti: 'j1' })).toBe(true));
    expect(await health()).toMatchObject({ ok: true, detail: '1 tokens and 0 subjects, confirmed 0 s ago' });
  },
);

it.each([
  ['in the middle', 'jti j1\n', 1],
  ['in the middle of a line', 'jti j1\nsub mal', 1],
  ['at its beginning', '', 2],
  ['at its beginning, and goes on', 'jti j2\n', 2],
])('counts what was revoked before while the file is cut %s, and says so', async (_, text, missing) => {
  await writeFile(file, 'jti j1\nsub mallory\n');
  const { pass, isTaken, health } = await open();
  await writeFile(file, text);
  pass(1000);
  await vi.waitFor(async () =>
    expect(await health()).toMatchObject({
      ok: false,
      detail: expect.stringContaining(
        `${missing} are missing in the file and stay revoked until it ends with "# end`,
      ),
    }),
  );
  expect([await isTaken({ jti: 'j1' }), await isTaken({ sub: 'mallory' })]).toEqual([false, false]);
  if (text.includes('j2')) expect(await isTaken({ jti: 'j2' })).toBe(false);

  await writeFile(file, 'jti j1\n# end 1\n');
  pass(1000);
  await vi.waitFor(async () => expect(await isTaken({ sub: 'mallory' })).toBe(true));
  expect(await isTaken({ jti: 'j1' })).toBe(false);
  expect(await health()).toMatchObject({ ok: true });
});

it.each([
  [
    'was cut',
    () => writeFile(file, 'jti j1\n# end 2\n'),
    'line 2 ends a list of 2 entries, but there are 1: the list was cut',
  ],
  ['is not there', () => rm(file), 'there is no such file'],
  ['is none', () => writeFile(file, '{}'), 'line 1 is neither "jti <id>" nor "sub <subject>"'],
])('does not open with a list that %s, and says so in one sentence', async (_, spoil, why) => {
  await spoil();
  await expect(open()).rejects.toThrow(
    new Error(`The list of revocations cannot be used: ${why}. Fix the file that KILLSWITCH_REVOKED names.`),
  );
});
