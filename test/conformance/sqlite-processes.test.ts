import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { openSqlite } from '../../lib/adapters/sqlite/index.js';
import { agent, collect, ids } from './records/harness.js';

type Writer = ChildProcessByStdio<Writable, Readable, null>;

const directory = mkdtempSync(join(tmpdir(), 'killswitch-sqlite-'));
const script = join(import.meta.dirname, 'sqlite-writer.ts');
const writers: Writer[] = [];

function start(task: 'race' | 'write', path: string, name: string): Writer {
  const writer = spawn(process.execPath, ['--import', 'tsx', script, task, path, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  writers.push(writer);
  return writer;
}

afterAll(() => {
  for (const writer of writers) writer.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

it('lets two processes share a new file: each step is won once and none is lost', async () => {
  const path = join(directory, 'race.db');
  const racers = ['left', 'right'].map(name => start('race', path, name));
  await Promise.all(racers.map(({ stdout }) => once(stdout, 'data')));
  const printed = racers.map(({ stdout }) => collect(stdout.setEncoding('utf8')));
  for (const { stdin } of racers) stdin.end('go');
  const [left, right] = (await Promise.all(printed)).map(parts => JSON.parse(parts.join('')) as string[]);

  const store = await openSqlite({ path });
  const claims = ids('claim', 200);
  expect([...(left ?? []), ...(right ?? [])].sort()).toEqual(claims);
  const owners = claims.map(id => (left?.includes(id) ? 'left' : 'right'));
  expect(await store.records.read(claims.map(agent))).toEqual(owners);
  expect(await store.records.read([agent('counter')])).toEqual(['200']);
  expect(await collect(store.audit.query({}))).toHaveLength(200 + 200);
  await store.close();
});

it('has each step wholly or not at all when its writer is killed, and all that was acknowledged', async () => {
  const path = join(directory, 'killed.db');
  const acknowledged: string[] = [];
  for (const round of [0, 1, 2]) {
    const name = `r${round}`;
    const writer = start('write', path, name);
    const exit = once(writer, 'exit');
    for await (const line of createInterface(writer.stdout)) {
      if (line === 'ready') writer.stdin.write('go');
      else acknowledged.push(...ids(`${name}-${line}`, 20));
      if (Number(line) === 5 + 7 * round) setTimeout(() => writer.kill('SIGKILL'), Math.random() * 5);
    }
    expect(await exit).toEqual([null, 'SIGKILL']);

    const store = await openSqlite({ path });
    const stored = (await collect(store.records.scan('all'))).flat();
    const found = stored.map(({ agentId }) => agentId);
    expect(acknowledged.filter(id => !found.includes(id))).toEqual([]);
    expect(stored.filter(({ tombstoned }) => !tombstoned)).toEqual([]);
    const active = (await collect(store.records.scan('active'))).flat();
    expect(active.map(({ agentId }) => agentId)).toEqual(found);
    expect(await store.records.debts('h1', 1, Number.POSITIVE_INFINITY)).toEqual(found);
    const audited = (await collect(store.audit.query({}))).map(({ agentId }) => agentId);
    expect(audited.sort()).toEqual(found);
    await store.close();
  }
});
