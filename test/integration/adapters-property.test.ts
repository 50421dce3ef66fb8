import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMemberships } from '../../lib/adapters/cgroup/membership.js';
import { parseMountinfo } from '../../lib/adapters/cgroup/mountinfo.js';
import { parseAddress } from '../../lib/adapters/docker/connection.js';
import { readLogs } from '../../lib/adapters/docker/log-tail.js';
import { bearerToken } from '../../lib/adapters/jose/bearer.js';
import { Refusal, readClaims } from '../../lib/adapters/jose/claims.js';
import { readKeySet } from '../../lib/adapters/jose/key-set.js';
import { SourceError } from '../../lib/adapters/jose/text-source.js';
import { valuesOf } from '../../lib/adapters/process/environ.js';
import { parsePs } from '../../lib/adapters/process/ps.js';
import { parseStat } from '../../lib/adapters/process/stat.js';
import { parseStoreUrl } from '../../lib/adapters/valkey/url.js';
import { anchorByDescriptor, anchored } from '../../lib/adapters/worktree/directory.js';
import { COMMIT, readHead } from '../../lib/adapters/worktree/head.js';
import { readManifest } from '../../lib/adapters/worktree/manifest.js';
import { componentsOf } from '../../lib/adapters/worktree/place.js';
import { register, registered } from '../../lib/adapters/worktree/registry.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import { damaged, misspelt } from '../fakes/damage.js';
import { bearer, claimsWith, openTestTokens } from '../fakes/identity-provider.js';
import { temporaryDirectory } from '../services/agents.js';

const RUNS = { numRuns: 200 };
const text = fc.string({ unit: 'binary' });
const lines = (...good: string[]) =>
  fc.oneof(
    text,
    fc
      .array(fc.oneof(text, ...good.flatMap(one => [fc.constant(one), misspelt(one)])))
      .map(all => all.join('\n')),
  );

describe('what the kernel says', () => {
  it('of mounts and cgroups is read, whatever it is', () => {
    const mount = '30 23 0:26 / /sys/fs/cgroup/a\\040b rw shared:4 - cgroup2 cgroup2 rw';
    fc.assert(
      fc.property(lines(mount), lines('0::/docker/x', '4:freezer,cpu:/a'), (mounts, memberships) => {
        for (const { version, root, point } of parseMountinfo(mounts, '/')) {
          expect([1, 2]).toContain(version);
          expect(root.length * point.length).toBeGreaterThan(0);
        }
        for (const { path } of parseMemberships(memberships)) expect(path).toMatch(/^\//);
      }),
      RUNS,
    );
  });

  it('of a process has a start time, or says nothing', () => {
    const good = `7 (a) b) S 1 7 7 0 -1 4194560 ${'1 '.repeat(10)}3 0 4242 ${'5 '.repeat(30)}`;
    fc.assert(
      fc.property(fc.oneof(text, misspelt(good)), stat => {
        expect(parseStat(stat)?.startTime ?? '0').toMatch(/^\d+$/);
      }),
      RUNS,
    );
    expect(parseStat(good)?.startTime).toBe('4242');
  });

  it('of an environment is every value of the variable, and no other', () => {
    const entry = fc.string({ unit: 'grapheme-ascii' }).map(one => one.replaceAll('\0', ''));
    const name = fc.constantFrom('X', 'XX', 'Y', '');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, entry)), entries => {
        const environ = entries.map(([one, value]) => `${one}=${value}\0`).join('');
        const wanted = entries.filter(([one]) => one === 'X').map(([, value]) => value);
        expect(valuesOf(Buffer.from(environ, 'latin1'), 'X')).toEqual(wanted);
      }),
      RUNS,
    );
  });

  it('by ps is a table, whatever is in it', () => {
    const row = '  12   1  12 Ss   Mon Nov 23 10:00:00 2026 sh -c x';
    fc.assert(
      fc.property(lines(row), lines('  12 sh -c x A=1'), (table, environments) => {
        for (const { pid, startTime } of parsePs(table, environments, 'A')) {
          expect(pid).toBeGreaterThanOrEqual(0);
          expect(startTime).not.toBe('');
        }
      }),
      RUNS,
    );
  });
});

describe('an address', () => {
  /** What is thrown for it. */
  const thrownBy = (work: () => unknown): unknown => {
    try {
      work();
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it.each<[string, string, (url: string) => unknown]>([
    ['the engine', 'tcp://user@host.example:2376', host => parseAddress({ host })],
    ['the store', 'redis+sentinel://u:p%40@h:1,[::1]:2/m/3?sentinelPassword=x', parseStoreUrl],
  ])('of %s is read, or refused by a TypeError that does not repeat it', (_, good, read) => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          misspelt(good),
          text.map(rest => `ssh://${rest}`),
        ),
        url => {
          const thrown = thrownBy(() => read(url));
          if (thrown === undefined) return;
          expect(thrown).toBeInstanceOf(TypeError);
          if (url.length > 20) expect(String(thrown)).not.toContain(url);
        },
      ),
      RUNS,
    );
    expect(thrownBy(() => read(good))).toBeUndefined();
  });
});

it('the logs of a container are read to where they are no frames, however they are cut', async () => {
  const frame = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.stringMatching(/^[a-z]{0,20}\n$/));
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame),
      fc.integer({ min: 1, max: 9 }),
      fc.uint8Array({ maxLength: 7 }),
      async (all, size, rest) => {
        const framed = all.map(([stream, payload]) => {
          const header = Buffer.alloc(8);
          header[0] = stream;
          header.writeUInt32BE(payload.length, 4);
          return Buffer.concat([header, Buffer.from(payload)]);
        });
        const bytes = Buffer.concat([...framed, rest]);
        async function* pieces() {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        }
        const read = Buffer.from(await readLogs(pieces(), { framed: true })).toString();
        expect(read).toBe(
          all.map(([stream, line]) => `${stream === 1 ? 'stdout' : 'stderr'} ${line}`).join(''),
        );
      },
    ),
    RUNS,
  );
});

describe('a token', () => {
  it('holds with no character of it changed', async () => {
    const { tokens } = await openTestTokens({ secret: 'a shared secret of 32 bytes or more' });
    const good = await bearer(claimsWith());
    expect((await tokens.authenticate(good)).subject).toBe('alice');
    const last = good.length - 1;
    await fc.assert(
      fc.asyncProperty(misspelt(good), async changed => {
        // The scheme may be in any case; the last digit has bits that mean nothing.
        fc.pre(changed.slice(0, last) !== good.slice(0, last));
        const error = await tokens.authenticate(changed).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(KillswitchError);
        expect(error).toMatchObject({ code: 'unauthenticated' });
      }),
      RUNS,
    );
    await tokens.close();
  });

  it('is one word, and its claims are as they should be, or refused', () => {
    const good = {
      ...claimsWith({ agent: 'a1', jti: 'j', once: true }),
      req: { m: 'GET', p: '/', h: 'x'.repeat(43) },
    };
    fc.assert(
      fc.property(text, damaged(good), (field, payload) => {
        expect(bearerToken(field) ?? 'a').toMatch(/^[\w.~+/-]+=*$/);
        try {
          expect(readClaims(payload).exp).toBeLessThan(1e12);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      RUNS,
    );
  });

  it('has keys, or what holds them is refused', async () => {
    const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    const sets = fc.oneof(
      text,
      damaged({ keys: [key, { kty: 'RSA', n: 'x', e: 'AQAB' }] }).map(one => `${JSON.stringify(one)}`),
    );
    await fc.assert(
      fc.asyncProperty(sets, async set => {
        const read = await readKeySet(set).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toBeInstanceOf(SourceError);
        else expect(read).toMatchObject({ size: 1 });
      }),
      RUNS,
    );
  });
});

describe('what an agent may have written into git’s files and ours', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map(Buffer.from),
    text.map(one => Buffer.from(`ref: refs/heads/${one}\n`)),
  );

  it('is a commit, a branch, a manifest or a directory, or nothing', () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'refs', 'heads'), { recursive: true });
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        for (const name of ['HEAD', 'manifest.json', '.killswitch-quarantines'])
          writeFileSync(join(root, name), one);
        for (const name of ['packed-refs', 'refs/heads/main']) writeFileSync(join(root, name), other);
        anchored(anchorByDescriptor, anchor => {
          const directory = anchor.open(root);
          const { branch, commit } = readHead(anchor, directory, directory);
          if (commit !== undefined) expect(commit).toMatch(COMMIT);
          if (branch !== undefined) expect(componentsOf(`/${branch}`)).toBeDefined();
          expect(readManifest(directory)).toBeUndefined();
          for (const holder of registered(directory))
            expect(componentsOf(`/${holder.join('/')}`)).toEqual(holder);
        });
      }),
      RUNS,
    );
  });

  it('does not hide a quarantine that was registered before', () => {
    const root = temporaryDirectory();
    fc.assert(
      fc.property(bytes, one => {
        writeFileSync(join(root, '.killswitch-quarantines'), one);
        anchored(anchorByDescriptor, anchor => {
          const directory = anchor.open(root);
          register(directory, ['a', 'b']);
          expect(registered(directory)).toContainEqual(['a', 'b']);
        });
      }),
      RUNS,
    );
  });
});
