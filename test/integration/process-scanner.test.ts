import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { createScanner } from '../../lib/adapters/process/scanner.js';
import { startTimes } from '../../lib/adapters/process/started.js';
import { createSnapshot, type HostProcess, type Identity } from '../../lib/adapters/process/table.js';
import type { Scanner, Sighting } from '../../lib/ports/scanner.js';
import { startProcess, temporaryDirectory } from '../services/agents.js';
import { signal } from '../services/proc.js';
import { atOnce, host, newId, recordOf, run, sandbox, silent, tableWith } from './process.helper.js';

const seenOf = async (agentId: string, scanner: Scanner = sandbox): Promise<Sighting[]> =>
  (await scanner.scan()).seen.filter(sighting => sighting.agentId === agentId);

test('All processes of an agent are seen, each as old as the oldest of them', async () => {
  const agentId = newId();
  const before = Date.now();
  const agent = await startProcess({ agentId, children: 3, daemonized: 3 });
  const seen = await seenOf(agentId);
  expect(seen.map(({ id }) => Number.parseInt(id, 10)).sort()).toEqual(agent.pids().sort());
  const [startedAt, ...others] = new Set(seen.map(sighting => sighting.startedAt));
  expect(others).toEqual([]);
  // Both the start time and the uptime are counted in steps of 10 ms.
  expect(startedAt).toBeGreaterThanOrEqual(before - 20);
  expect(startedAt).toBeLessThanOrEqual(Date.now() + 20);
});

test('What is left of an agent is seen without its first process', async () => {
  const agentId = newId();
  const agent = await startProcess({ agentId, children: 0, daemonized: 1 });
  signal(agent.pid, agent.startTime, 'SIGKILL');
  await expect.poll(() => agent.pids()).toEqual(agent.daemons);
  const ids = (await seenOf(agentId)).map(({ id }) => Number.parseInt(id, 10));
  expect(ids).toEqual(expect.arrayContaining([...agent.daemons]));
  expect(ids).not.toContain(agent.pid);
});

test('A process that gets its label by an exec is seen and killed, although it was seen before without', async () => {
  const agentId = newId();
  const exec = `exec env KILLSWITCH_AGENT_ID=${agentId} sleep 1000 >/dev/null`;
  const { root } = await run(`trap '${exec}' USR1; echo root $$; while :; do sleep 0.01; done`);
  expect(await seenOf(agentId)).toEqual([]);
  signal(root?.pid ?? 0, root?.startTime, 'SIGUSR1');
  await expect.poll(() => seenOf(agentId)).toMatchObject([{ id: `${root?.pid}:${root?.startTime}` }]);
  expect(await sandbox.kill(recordOf(agentId), atOnce())).toMatchObject({
    layer: 'process',
    outcome: 'dead',
  });
  expect(await seenOf(agentId)).toEqual([]);
});

test('By ps, all processes of an agent are seen', async () => {
  const agentId = newId();
  const before = Date.now();
  const agent = await startProcess({ agentId });
  const seen = await seenOf(agentId, createProcesses({ platform: 'darwin', log: silent }));
  expect(seen.map(({ id }) => Number.parseInt(id, 10)).sort()).toEqual(agent.pids().sort());
  // It adds up two times without their fractions of a second.
  expect(seen[0]?.startedAt).toBeGreaterThan(before - 2_020);
  expect(seen[0]?.startedAt).toBeLessThanOrEqual(Date.now() + 20);
});

describe('A scanner', () => {
  /** Shows one list of processes after the other, the last one for good. A start time is in milliseconds. */
  let concealed: string | undefined;
  function openOn(...looks: (readonly HostProcess[] | Error)[]) {
    const snapshot = vi.fn(async () => {
      const now = (looks.length > 1 ? looks.shift() : looks[0]) ?? [];
      if (now instanceof Error) throw now;
      return createSnapshot(now);
    });
    const error = vi.fn();
    const startTimes = () => (process: Identity) => Number(process.startTime) || undefined;
    const table = tableWith({ snapshot, startTimes, concealed: () => concealed });
    const scanner = createScanner(table, { ...silent, error });
    const sightings = async (): Promise<readonly Sighting[]> => (await scanner.scan()).seen;
    return { scanner, sightings, snapshot, error };
  }
  const agent = host(100, { labels: ['a1'], startTime: '7' });
  const sighting = { agentId: 'a1', kind: 'process', id: '100:7', startedAt: 7 };

  test('sees no zombie, no kernel thread, and no process by a label that is not an agent ID', async () => {
    const { sightings } = openOn([
      agent,
      host(101, { labels: ['a2'], state: 'dead' }),
      host(102, { labels: ['a3'], kernel: true }),
      host(103, { labels: ['', ' a4', 'a5\n', '-a6', 'a'.repeat(129), '../a7', '\xe9'] }),
    ]);
    expect(await sightings()).toEqual([sighting]);
  });

  test('sees a process with two IDs as each of the two', async () => {
    const { sightings } = openOn([host(100, { labels: ['a1', 'a2'], startTime: '7' })]);
    expect(await sightings()).toEqual([sighting, { ...sighting, agentId: 'a2' }]);
  });

  test('takes the earliest start that it knows of an agent for that of all its processes', async () => {
    const others = [
      host(99, { labels: ['a1'], startTime: '?' }),
      host(101, { labels: ['a1'], startTime: '9' }),
    ];
    const seen = ['99:?', '100:7', '101:9'].map(id => ({ ...sighting, id }));
    expect(await openOn([agent, ...others].sort((a, b) => a.pid - b.pid)).sightings()).toEqual(seen);
    expect(await openOn(others.slice(0, 1)).sightings()).toEqual([
      { agentId: 'a1', kind: 'process', id: '99:?' },
    ]);
  });

  test('looks again while a process is in the middle of an exec, but not for ever', async () => {
    const starting = host(100, { environment: 'nascent' });
    const { sightings, snapshot } = openOn([starting], [starting], [agent]);
    expect(await sightings()).toEqual([sighting]);
    expect(snapshot).toHaveBeenCalledTimes(3);
    expect(await openOn([starting, host(101, { labels: ['a2'] })]).sightings()).toHaveLength(1);
  });

  test('counts what it may not read, but not what is dead, a kernel thread or PID 1', async () => {
    const unread = { environment: 'unreadable' } as const;
    const { scanner } = openOn([
      ...[host(1, unread), host(101, unread), host(102, { ...unread, startTime: '' })],
      ...[host(103, { ...unread, state: 'dead' }), host(104, { ...unread, kernel: true }), agent],
    ]);
    expect(await scanner.scan()).toEqual({ seen: [sighting], unread: 2 });
  });

  test('is blind where processes are not listed, and tells what it sees', async () => {
    const { scanner } = openOn([agent]);
    concealed = 'some are hidden';
    expect(await scanner.scan()).toEqual({ seen: [sighting], blind: 'some are hidden' });
    concealed = undefined;
  });

  test('tells what it saw last, and that it is blind, when the processes cannot be looked at', async () => {
    const failure = new Error('EMFILE');
    const { scanner, sightings, error } = openOn([agent], failure, []);
    expect(await sightings()).toEqual([sighting]);
    expect(await scanner.scan()).toEqual({
      seen: [sighting],
      blind: 'the process table cannot be read',
    });
    expect(error).toHaveBeenCalledExactlyOnceWith({ err: failure }, 'the process table cannot be read');
    expect(await sightings()).toEqual([]);
  });
});

describe('When a process started', () => {
  const seconds = (): number => Math.floor(Date.now() / 1_000);
  const reckon = (files: Readonly<Record<string, string>>): number | undefined => {
    const root = temporaryDirectory();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    return startTimes(root)({ pid: 2, startTime: '4000' });
  };

  test('is reckoned from the uptime, to a few hundredths of a second', () => {
    const before = Date.now();
    const stat = `cpu 1 2\nbtime ${seconds() - 100}\nprocesses 3\n`;
    const at = reckon({ stat, uptime: '100.25 7.00\n' }) ?? 0;
    expect(at).toBeGreaterThanOrEqual(before - 60_250);
    expect(at).toBeLessThanOrEqual(Date.now() - 60_250);
  });

  test.each(['3.00 1.00\n', '', 'no number'])(
    'is reckoned from the time of boot where the uptime is of something else: %j',
    uptime => {
      const boot = seconds() - 100;
      expect(reckon({ stat: `btime ${boot}\n`, uptime })).toBe((boot + 40) * 1_000);
    },
  );

  test('is unknown without the time of boot', () => {
    expect(reckon({})).toBeUndefined();
    expect(reckon({ stat: 'cpu 1 2\n', uptime: '100.25 7.00\n' })).toBeUndefined();
  });
});
