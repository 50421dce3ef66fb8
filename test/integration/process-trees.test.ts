import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { LIMIT } from '../../lib/adapters/process/words.js';
import type { Target } from '../../lib/ports/sandbox.js';
import { isAlive, startProcess, startTimeOf, temporaryDirectory } from '../services/agents.js';
import { allProcesses, readOf, signal } from '../services/proc.js';
import {
  about,
  atOnce,
  carriersOf,
  newId,
  type Running,
  recordOf,
  run,
  sandbox,
  silent,
} from './process.helper.js';

const isRunning = (process: Running | undefined): boolean =>
  process !== undefined && isAlive(process.pid, process.startTime);

test.each<[string, (agentId: string, agent: Running) => Target]>([
  ['recorded', recordOf],
  ['unrecorded', agentId => recordOf(agentId)],
  [
    'beside its recorded container',
    agentId => ({ ...recordOf(agentId), sandboxes: [{ kind: 'docker', id: 'c'.repeat(64) }] }),
  ],
])('Kills a tree of children and daemonized grandchildren that is %s', async (_, targetOf) => {
  const agentId = newId();
  const agent = await startProcess({ agentId, children: 3, daemonized: 4 });
  expect(agent.pids()).toHaveLength(8);
  expect(await sandbox.kill(targetOf(agentId, agent), atOnce())).toEqual({
    ...about(targetOf(agentId, agent)),
    outcome: 'dead',
    detail: LIMIT,
  });
  expect(agent.pids()).toEqual([]);
});

test('Kills 200 children', async () => {
  const agentId = newId();
  const agent = await startProcess({ agentId, children: 200, daemonized: 0 });
  expect(agent.pids()).toHaveLength(201);
  expect(await sandbox.kill(recordOf(agentId, agent), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(agent.pids()).toEqual([]);
});

test('Kills a tree that keeps forking, in which each process ends as soon as the next one runs', async () => {
  const agentId = newId();
  const hop = 'hop() { sleep 30 >/dev/null & if [ "$1" -lt 150 ]; then hop $(($1 + 1)) & fi; }';
  const { root } = await run(`${hop}; hop 0; echo root $$; sleep 30 >/dev/null`, { agentId });
  expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(carriersOf(agentId)).toEqual([]);
});

test('Does not claim the end of a chain in which each process is gone as soon as the next one runs', async () => {
  const agentId = newId();
  // It goes on until the kill has begun, and then for 300 more.
  const begun = join(temporaryDirectory(), 'begun');
  const next = `n=$1; if [ -e ${begun} ]; then n=$(($1 + 1)); fi`;
  await run(`hop() { ${next}; if [ "$n" -lt 300 ]; then hop $n & fi; }; echo root $$; hop 0`, { agentId });
  const killed = sandbox.kill(recordOf(agentId), atOnce());
  writeFileSync(begun, '');
  const { outcome } = await killed;
  expect(outcome).toBeOneOf(['dead', 'alreadyGone']);
  expect(carriersOf(agentId)).toEqual([]);
});

test('Kills a child that cleared its environment while its parent lives', async () => {
  const agentId = newId();
  const child = `env -i sh -c 'echo child $$; exec sleep 1000 >/dev/null' &`;
  const { root, child: cleared } = await run(`${child} echo root $$; wait`, {
    agentId,
    says: ['root', 'child'],
  });
  await expect.poll(() => readOf(cleared?.pid ?? 0, 'cmdline')).toContain('sleep');
  expect(readOf(cleared?.pid ?? 0, 'environ')).not.toContain(agentId);
  expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
  expect([isRunning(root), isRunning(cleared)]).toEqual([false, false]);
});

test('Kills an orphan that cleared its environment within the session that the agent leads', async () => {
  const agentId = newId();
  const orphan = `(env -i sh -c 'echo orphan $$; exec sleep 1000 >/dev/null' &)`;
  const said = await run(`${orphan}; echo root $$; while :; do sleep 1; done`, {
    agentId,
    says: ['root', 'orphan'],
  });
  await expect.poll(() => readOf(said['orphan']?.pid ?? 0, 'cmdline')).toContain('sleep');
  expect(await sandbox.kill(recordOf(agentId), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(isRunning(said['orphan'])).toBe(false);
});

test('Kills a child that wrote over its own environment', async () => {
  const agentId = newId();
  const child = `perl -e '$| = 1; $0 = "x" x 20000; print "child $$\\n"; close STDOUT; sleep 1000' &`;
  const { root, child: masked } = await run(`${child} echo root $$; wait`, {
    agentId,
    says: ['root', 'child'],
  });
  expect(readOf(masked?.pid ?? 0, 'environ')).not.toContain(agentId);
  expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
  expect([isRunning(root), isRunning(masked)]).toEqual([false, false]);
});

test('Kills what is stopped, with or without grace', async () => {
  for (const graceMs of [0, 30]) {
    const agentId = newId();
    const agent = await startProcess({ agentId });
    for (const pid of agent.pids()) process.kill(pid, 'SIGSTOP');
    const { outcome } = await sandbox.kill(recordOf(agentId, agent), { ...atOnce(), graceMs });
    expect([outcome, agent.pids()]).toEqual(['dead', []]);
  }
});

test('Kills what ignores SIGTERM when the grace is over', async () => {
  const agentId = newId();
  const agent = await startProcess({ agentId, ignoreTerm: true });
  const { outcome } = await sandbox.kill(recordOf(agentId, agent), { ...atOnce(), graceMs: 50 });
  expect([outcome, agent.pids()]).toEqual(['dead', []]);
});

test('Kills also what is born during the grace', async () => {
  const agentId = newId();
  const heir = `sh -c 'echo heir $$; exec sleep 1000 >/dev/null'`;
  const { root } = await run(`trap "${heir} & exit" TERM; echo root $$; while :; do sleep 0.01; done`, {
    agentId,
  });
  const options = { ...atOnce(), graceMs: 200 };
  expect(await sandbox.kill(recordOf(agentId, root), options)).toMatchObject({ outcome: 'dead' });
  expect(carriersOf(agentId)).toEqual([]);
});

test('Kills at once when the deadline ends the grace', async () => {
  const agentId = newId();
  const agent = await startProcess({ agentId, ignoreTerm: true });
  await sandbox.kill(recordOf(agentId, agent), { graceMs: 120_000, deadline: AbortSignal.timeout(50) });
  await expect.poll(() => agent.pids()).toEqual([]);
});

test('Kills 20 trees at once, each with its own outcome', async () => {
  const ids = Array.from({ length: 20 }, newId);
  const agents = await Promise.all(ids.map(agentId => startProcess({ agentId, children: 4 })));
  const outcomes = await Promise.all(
    agents.map((agent, at) => sandbox.kill(recordOf(ids[at] ?? '', agent), atOnce())),
  );
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['dead']));
  expect(agents.flatMap(agent => agent.pids())).toEqual([]);
});

test('Kills a daemon that left the agent in every way after it was seen, and says what it cannot see', async () => {
  const agentId = newId();
  const own = createProcesses({ log: silent });
  const daemon = `(sh -c 'echo daemon $$; trap "exec setsid env -i sleep 1000 >/dev/null" USR1; while :; do sleep 0.01; done' & wait)`;
  const script = `${daemon} & echo root $$; while :; do sleep 0.05; done`;
  const { root, daemon: child } = await run(script, { agentId, says: ['root', 'daemon'] });
  await own.scan();
  const parent = allProcesses().find(({ pid }) => pid === child?.pid)?.parent ?? 0;
  signal(parent, startTimeOf(parent), 'SIGKILL');
  signal(child?.pid ?? 0, child?.startTime, 'SIGUSR1');
  await expect.poll(() => readOf(child?.pid ?? 0, 'cmdline')).toContain('1000');
  await expect.poll(() => readOf(child?.pid ?? 0, 'environ')).toBe('');
  // One that never was the agent's, as like to it as can be.
  const { bystander } = await run(
    `exec env -i setsid sh -c 'echo bystander $$; exec sleep 1000 >/dev/null'`,
    {
      says: ['bystander'],
    },
  );
  expect(await own.kill(recordOf(agentId, root), atOnce())).toEqual({
    ...about(recordOf(agentId, root)),
    outcome: 'dead',
    detail: LIMIT,
  });
  expect([isRunning(root), isRunning(child), isRunning(bystander)]).toEqual([false, false, true]);
});
