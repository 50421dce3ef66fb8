import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import Database from 'libsql';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { auditKeys, auditSecret, createHighWaterMark } from '../../lib/adapters/state/seal/index.js';
import { createSealer } from '../../lib/audit/sealer.js';
import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import { fakeLog } from '../fakes/log.js';
import { call, SECRET, type StoreKind, settings, startBuiltServer, storeKinds } from '../services/server.js';
import { openStoreOf } from '../services/store.js';
import { temporaryDirectory } from '../services/temporary.js';
import { runCli } from './cli-run.js';

const clock = { now: Date.now, monotonic: () => performance.now() };
const entry = (n: number): AuditEntry => ({
  timestamp: new Date(Date.UTC(2026, 10, 22) + n).toISOString(),
  operation: 'KILL_AGENT',
  phase: 'accepted',
  actor: 'alice',
  agentId: `a${n}`,
});

/** What somebody with write access to the store can do, without killswitch. */
interface Hands {
  remove(n: number): Promise<void>;
  change(n: number): Promise<void>;
  exchange(n: number, other: number): Promise<void>;
  insert(after: number): Promise<void>;
  removeCheckpoint(number: number): Promise<void>;
  writeCheckpoint(number: number, rewrite: (text: string) => string): Promise<void>;
  empty(): Promise<void>;
}

function sqliteHands(folder: string): Hands {
  const database = new Database(join(folder, 'state.db'), { timeout: 5_000 });
  onTestFinished(() => void database.close());
  const run = async (sql: string): Promise<void> => void database.exec(sql);
  return {
    remove: n => run(`DELETE FROM audit WHERE seq = ${n}`),
    change: n => run(`UPDATE audit SET entry = replace(entry, 'alice', 'mallory') WHERE seq = ${n}`),
    exchange: (n, other) =>
      run(`UPDATE audit SET seq = -1 WHERE seq = ${n}; UPDATE audit SET seq = ${n} WHERE seq = ${other};
           UPDATE audit SET seq = ${other} WHERE seq = -1`),
    insert: after =>
      run(`UPDATE audit SET seq = -seq WHERE seq > ${after}; UPDATE audit SET seq = 1 - seq WHERE seq < 0;
           INSERT INTO audit (seq, at, entry) SELECT ${after + 1}, at, entry FROM audit WHERE seq = 1`),
    removeCheckpoint: number => run(`DELETE FROM documents WHERE kind = 'checkpoint' AND id = '${number}'`),
    async writeCheckpoint(number, rewrite) {
      const [text] = database
        .prepare("SELECT CAST(value AS TEXT) FROM documents WHERE kind = 'checkpoint' AND id = ?")
        .raw()
        .get([`${number}`]) as [string];
      database
        .prepare("UPDATE documents SET value = ? WHERE kind = 'checkpoint' AND id = ?")
        .run([Buffer.from(rewrite(text)), `${number}`]);
    },
    empty: () => run('DELETE FROM audit; DELETE FROM documents'),
  };
}

function redisHands(prefix: string): Hands {
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => void redis.disconnect());
  const stream = `${prefix}killswitch:audit`;
  const key = (number: number): string => `${prefix}killswitch:checkpoints:${number}`;
  type Element = [id: string, fields: string[]];
  const idOf = async (n: number): Promise<string> =>
    ((await redis.xrange(stream, '-', '+'))[n - 1] as Element)[0];
  /** The stream made anew, with the elements under the same IDs. */
  async function rebuild(edit: (elements: Element[]) => Element[]): Promise<void> {
    const elements = edit((await redis.xrange(stream, '-', '+')) as Element[]);
    await redis.del(stream);
    for (const [id, fields] of elements) await redis.xadd(stream, id, ...fields);
  }
  const rewritten = (n: number, rewrite: (fields: string[]) => string[]) =>
    rebuild(all => all.map(([id, fields], at) => [id, at === n - 1 ? rewrite(fields) : fields]));
  return {
    remove: async n => void (await redis.xdel(stream, await idOf(n))),
    change: n => rewritten(n, fields => fields.map(text => text.replace('alice', 'mallory'))),
    exchange: (n, other) =>
      rebuild(all =>
        all.map(([id, fields], at) => [
          id,
          (at === n - 1 ? all[other - 1] : at === other - 1 ? all[n - 1] : undefined)?.[1] ?? fields,
        ]),
      ),
    insert: after =>
      rebuild(all => {
        const [ms = '', seq = ''] = (all[after - 1] as Element)[0].split('-');
        return all.toSpliced(after, 0, [`${ms}-${Number(seq)}5`, (all[0] as Element)[1]]);
      }),
    removeCheckpoint: async number => void (await redis.del(key(number))),
    async writeCheckpoint(number, rewrite) {
      await redis.set(key(number), rewrite((await redis.get(key(number))) ?? ''));
    },
    empty: async () => void (await redis.del(stream, ...(await redis.keys(`${prefix}*`)))),
  };
}

/** A store of 12 entries in three checkpoints, and two entries more. */
async function openSealed(kind: StoreKind, more: Record<string, string> = {}) {
  const environment = settings(kind, {
    KILLSWITCH_STATE_DIR: temporaryDirectory(),
    KILLSWITCH_KEY_PREFIX: `test-${randomUUID()}:`,
    ...more,
  });
  const { KILLSWITCH_STATE_DIR: directory = '', KILLSWITCH_KEY_PREFIX: prefix = '' } = environment;
  const { records, audit } = await openStoreOf(environment);
  const url = kind === 'sqlite' ? 'sqlite' : `${inject('redisUrl')} ${prefix}`;
  const highWaterMark = createHighWaterMark({ directory, store: url });
  const openKeys = async () => auditKeys([more['KILLSWITCH_AUDIT_KEY'] ?? SECRET]);
  const start = () => createSealer({ records, audit, clock, log: fakeLog(), highWaterMark, openKeys });
  const sealer = start();
  for (let n = 0; n < 12; n += 4) {
    for (let m = n; m < n + 4; m++) {
      await audit.append([entry(m)]);
      // Each has a time of its own in the stream, so that there is room between them.
      await delay(2);
    }
    await sealer.look();
  }
  await audit.append([entry(12), entry(13)]);
  return {
    environment,
    directory,
    audit,
    sealer,
    hands: kind === 'sqlite' ? sqliteHands(directory) : redisHands(prefix),
    verify: (env: Record<string, string> = {}) =>
      runCli(['audit', 'verify'], { ...(environment as Record<string, string>), ...env }),
  };
}

const cases: [title: string, tamper: (hands: Hands) => Promise<void>, told: RegExp][] = [
  ['removes an entry', hands => hands.remove(6), /Entry \S+ was removed \(checkpoint 2, sealed at 2/],
  ['changes an entry', hands => hands.change(6), /Entry \S+ was changed \(checkpoint 2/],
  ['exchanges two', hands => hands.exchange(6, 7), /2 entries, \S+ to \S+, were reordered \(checkpoint 2/],
  ['puts an entry in', hands => hands.insert(6), /(was|were) (inserted later|reordered|changed)/],
  ['removes the last sealed', hands => hands.remove(12), /Entry \S+ was removed \(checkpoint 3/],
  ['removes a checkpoint', hands => hands.removeCheckpoint(2), /Checkpoint 2 is missing/],
  [
    'removes the last checkpoint',
    hands => hands.removeCheckpoint(3),
    /Checkpoint 3.* is missing, but this host has seen it/,
  ],
  ['empties the store', hands => hands.empty(), /Checkpoint 3.* is missing, but this host has seen it/],
  [
    'writes a checkpoint anew',
    async hands => {
      await hands.change(6);
      const { sign } = auditKeys(['no key of the servers, but long enough']);
      await hands.writeCheckpoint(2, text => {
        const body = JSON.parse(text).body.replace(/:[^: ]{44} /, `:${'A'.repeat(43)}= `);
        return JSON.stringify({ body, signature: sign(body) });
      });
    },
    /Checkpoint 2 is not what was signed/,
  ],
];

describe.each(storeKinds)('killswitch audit verify, on %s', kind => {
  it('finds an untouched audit intact, and says how far it is sealed', async () => {
    const { verify, environment } = await openSealed(kind);
    expect(await verify()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^Intact: 12 entries hold, in 3 checkpoints, up to \d{4}-.*Z; 2 entries are not sealed yet\.\n$/,
      ),
      stderr: expect.stringMatching(/^killswitch: Using the .*store .*\.\n$/),
    });
    const { code, stdout } = await runCli(['audit', 'verify', '--json'], environment);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { intact: true, entries: 12, checkpoints: 3, checkpointsInAll: 3, unsealed: 2, findings: [] },
    ]);
  });

  it.each(cases)('finds out who %s, says where, and does not forget', async (_, tamper, told) => {
    const { hands, verify, audit, sealer } = await openSealed(kind);
    await tamper(hands);
    expect(await verify()).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^NOT INTACT: /),
      stderr: expect.stringMatching(told),
    });
    await audit.append([entry(20)]);
    await sealer.look();
    expect(await verify()).toMatchObject({ code: 1 });
  });

  it('cannot tell without the key, and takes the old one of two', async () => {
    const old = 'the first secret of at least 32 bytes';
    const { verify, environment } = await openSealed(kind, { KILLSWITCH_AUDIT_KEY: old });
    const { KILLSWITCH_SECRET: _, KILLSWITCH_AUDIT_KEY: __, ...keyless } = environment;
    const other = 'another secret of at least 32 bytes';
    expect(await verify({ KILLSWITCH_AUDIT_KEY: other })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'Checkpoints 1 to 3 are signed with a key that is not configured here (its ID',
      ),
    });
    expect(await verify({ KILLSWITCH_AUDIT_KEY: `${other},${old}` })).toMatchObject({ code: 0 });
    expect(await runCli(['audit', 'verify'], keyless)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no key to verify with'),
    });
  });

  it('is served by a real server, which seals behind the writers', async () => {
    const environment = settings(kind, { KILLSWITCH_SANDBOX: 'none' });
    const server = await startBuiltServer(environment);
    await call(server.url, 'POST', '/latch', { body: { reason: 'a test' } });
    const sealed = async () => JSON.parse((await runCli(['audit', 'verify', '--json'], environment)).stdout);
    await expect.poll(sealed, { timeout: 20_000 }).toMatchObject({ intact: true, entries: 1, unsealed: 0 });
    expect((await call(server.url, 'GET', '/readyz')).body.ports).toContainEqual({
      ...{ name: 'audit', ok: true, aside: true },
    });
    server.signal('SIGKILL');
    await server.ended;
    expect(await sealed()).toMatchObject({ intact: true, entries: 1, checkpoints: 1 });
  });
});

it('keeps what it has seen, and the key that it made, for their owner alone', async () => {
  const directory = join(temporaryDirectory(), 'state');
  expect(await auditSecret({ directory, create: false })).toBeUndefined();
  const secrets = await Promise.all([1, 2, 3].map(() => auditSecret({ directory, create: true })));
  expect(new Set(secrets).size).toBe(1);
  expect(Buffer.from(secrets[0] ?? '', 'base64')).toHaveLength(32);
  const highWaterMark = createHighWaterMark({ directory, store: 'redis://u:p@h p:' });
  expect(await highWaterMark.read()).toBeUndefined();
  await highWaterMark.write('one');
  await highWaterMark.write('two');
  const same = createHighWaterMark({ directory, store: 'redis://u:other@h p:' });
  expect([await same.read(), await createHighWaterMark({ directory, store: 'x' }).read()]).toEqual([
    'two',
    undefined,
  ]);
  expect(statSync(join(directory, 'audit', 'key')).mode & 0o777).toBe(0o600);
  writeFileSync(join(directory, 'audit', 'key'), 'x'.repeat(300_000));
  await expect(auditSecret({ directory, create: true })).rejects.toThrow('not one of our files');
  rmSync(join(directory, 'audit'), { recursive: true });
  writeFileSync(join(directory, 'audit'), '');
  await expect(highWaterMark.write('three')).rejects.toThrow();
  expect(readFileSync(join(directory, 'audit'), 'utf8')).toBe('');
});
