import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, expect, it } from 'vitest';
import { openSqlite } from '../../lib/adapters/sqlite/index.js';
import type { AgentPage, Step } from '../../lib/ports/records.js';
import { collect, entry } from './records/harness.js';
import { type RecordsUnderTest, recordsConformance } from './records.js';

const directory = mkdtempSync(join(tmpdir(), 'killswitch-sqlite-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function open(path: string, clock: { now: number }): Promise<RecordsUnderTest> {
  const store = await openSqlite({ path, clock: { now: () => clock.now } });
  const foreign = new Database(path, { timeout: 1000 });
  const replace = foreign.prepare("REPLACE INTO documents (kind, id, value) VALUES ('agent', ?, ?)");
  return {
    ...store,
    seedForeign: (agentId, bytes) =>
      void replace.run([agentId, typeof bytes === 'string' ? bytes : Buffer.from(bytes)]),
    reopen: () => open(path, clock),
    advance: milliseconds => {
      clock.now += milliseconds;
    },
    async close() {
      await store.close();
      foreign.close();
    },
  };
}

let files = 0;
recordsConformance('SQLite', () => open(join(directory, `${files++}.db`), { now: Date.UTC(2026, 0, 1) }));

it('skips what another program wrote into the audit, and shows every change of a row', async () => {
  const path = join(directory, `${files++}.db`);
  const { audit, close } = await open(path, { now: 0 });
  await audit.append([entry({ reason: 'ours', agentId: 'a', operationId: 'o' }), entry({ agentId: 'b' })]);
  const foreign = new Database(path);
  const seen = new Set<string>();
  const look = async () => {
    const places = await audit.after('', 10);
    seen.add(`${places[0]?.bytes}`);
    return places;
  };
  await look();
  const changes = [
    'at = 0',
    'agent_id = NULL',
    "agent_id = ''",
    "operation_id = 'o2'",
    "entry = 'x'",
    "entry = CAST(x'ff' AS TEXT)",
    "entry = CAST(x'fe' AS TEXT)",
  ];
  for (const change of changes) {
    foreign.exec(`UPDATE audit SET ${change} WHERE seq = 1`);
    await look();
  }
  expect(seen.size).toBe(1 + changes.length);
  expect(await look()).toMatchObject([{ position: '1' }, { entry: { agentId: 'b' } }]);
  expect(await collect(audit.query({}))).toEqual([entry({ agentId: 'b' })]);
  foreign.close();
  await close();
});

it('reads on from every number that a row can have', async () => {
  const path = join(directory, `${files++}.db`);
  const { audit, close } = await open(path, { now: 0 });
  const foreign = new Database(path);
  const positions = ['-9223372036854775808', '-1', '0', '9007199254740993', '9223372036854775807'];
  for (const seq of positions)
    foreign.exec(`INSERT INTO audit (seq, at, entry) VALUES (CAST('${seq}' AS INTEGER), 0, '{}')`);
  const read = async (...asked: Parameters<typeof audit.after>) =>
    (await audit.after(...asked)).map(({ position }) => position);
  expect(await read('', 10)).toEqual(positions);
  for (const [at, position] of positions.entries()) {
    expect(await read(position, 10)).toEqual(positions.slice(at + 1));
    expect(await read('', 10, position)).toEqual(positions.slice(0, at + 1));
    expect(await read(positions[1] ?? '', 10, position)).toEqual(positions.slice(2, at + 1));
  }
  expect(await audit.last()).toBe('9223372036854775807');
  foreign.close();
  await close();
});

it('passes over IDs that are no text, which would end the process, and finds all others around them', async () => {
  const path = join(directory, `${files++}.db`);
  const { records, close } = await open(path, { now: 0 });
  const ids = ['a', 'b', '\u00e9', '\ud83d\ude00'];
  const commit = (id: string) => ({
    ...{
      document: { kind: 'agent', id },
      expect: null,
      next: '{"status":"running"}',
      active: true,
      audit: [],
    },
    debt: { host: 'h', dueAt: 0 },
  });
  await records.commit(ids.map(id => commit(id) as Step));
  const foreign = new Database(path);
  for (const bytes of ["x'80'", "x'61ff'", "x'eda080'"]) {
    foreign.exec(`INSERT INTO documents (kind, id, value) VALUES ('agent', CAST(${bytes} AS TEXT), '{}')`);
    foreign.exec(`INSERT INTO active VALUES (CAST(${bytes} AS TEXT))`);
    foreign.exec(`INSERT INTO debts VALUES ('h', CAST(${bytes} AS TEXT), 0)`);
  }
  foreign.close();
  for (const scope of ['active', 'all'] as const) {
    const found = (await collect(records.scan(scope))).flat().map(({ agentId }) => agentId);
    expect(found.toSorted()).toEqual(ids.toSorted());
  }
  const paged: string[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: AgentPage = await records.page(after, 1);
    paged.push(...page.agents.map(({ agentId }) => agentId));
    after = page.next;
  }
  expect(paged).toEqual(ids);
  expect((await records.debts('h', 1, 10)).toSorted()).toEqual(ids.toSorted());
  await close();
});
