import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { createEnclosures } from '../../lib/adapters/cgroup/enclosures.js';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { parsePostures } from '../../lib/adapters/process/ps.js';
import type { LayerOutcome } from '../../lib/domain/outcome.js';
import { isAlive, temporaryDirectory } from '../services/agents.js';
import { isStill } from '../services/cgroups.js';
import { RUN_MARK } from '../services/context.js';
import { readOf, signal, startTimeOf } from '../services/proc.js';
import { freezer, unified } from './cgroup.helper.js';
import { atOnce, carriersOf, newId, recordOf, run, silent } from './process.helper.js';

const deadline = (): AbortSignal => AbortSignal.timeout(20_000);
const canEnclose = unified.length + freezer.length > 0 && process.getuid?.() === 0;

/** An agent, and a daemon of it that has nothing in common with it once its file is there. */
async function startAgent(agentId: string) {
  const gate = join(temporaryDirectory(), 'gate');
  const daemon = `(setsid env -i sh -c 'echo $$ >"${gate}.pid"; exec sleep 1000' >/dev/null 2>&1 &)`;
  const script = `sleep 1000 >/dev/null & echo child $!; echo root $$; while [ ! -e '${gate}' ]; do sleep 0.01; done; ${daemon}; exec sleep 1000 >/dev/null`;
  const { root, child } = await run(script, { agentId, says: ['root', 'child'] });
  const leave = async (): Promise<number> => {
    writeFileSync(gate, '');
    await expect.poll(() => existsSync(`${gate}.pid`) && readFileSync(`${gate}.pid`, 'utf8')).toMatch(/\d\n/);
    const pid = Number(readFileSync(`${gate}.pid`, 'utf8'));
    onTestFinished(() => signal(pid, startTimeOf(pid), 'SIGKILL'));
    await expect.poll(() => readOf(pid, 'stat')).toMatch(/\) \w 1 /);
    return pid;
  };
  return { root, child, leave };
}

/** An agent that has a terminal, as one that a person started. */
async function startInTerminal(agentId: string): Promise<number> {
  const file = join(temporaryDirectory(), 'pid');
  const inner = `KILLSWITCH_AGENT_ID=${agentId} sh -c 'echo $$ >${file}; exec sleep 1000'`;
  const child = spawn('script', ['-qfc', inner, '/dev/null'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: process.env['PATH'], [RUN_MARK]: basename(inject('runFolder')) },
  });
  onTestFinished(() => {
    for (const pid of carriersOf(agentId)) signal(pid, startTimeOf(pid), 'SIGKILL');
    child.kill('SIGKILL');
  });
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toMatch(/\d\n/);
  return Number(readFileSync(file, 'utf8'));
}

/** What is said of it, without the place. */
const said = ({ outcome, detail, weaker }: LayerOutcome) => ({ outcome, detail, weaker });

describe('An agent that cannot be given a cgroup', () => {
  const sandbox = createProcesses({ log: silent });

  test('is paused by signals if it has no terminal, which is said to be weaker', async () => {
    const agentId = newId();
    const { root, child } = await startAgent(agentId);
    const target = recordOf(agentId, root);
    const detail = expect.stringContaining('stopped by signals');
    expect(said(await sandbox.pause(target, deadline()))).toEqual({
      outcome: 'paused',
      detail,
      weaker: true,
    });
    expect([root, child].map(one => isStill(one?.pid ?? 0))).toEqual([true, true]);
    expect(said(await sandbox.resume(target, deadline()))).toEqual({ outcome: 'resumed' });
    expect([root, child].map(one => isStill(one?.pid ?? 0))).toEqual([false, false]);
  });

  test('leaves stopped what was stopped before', async () => {
    const agentId = newId();
    const { root, child } = await startAgent(agentId);
    signal(child?.pid ?? 0, child?.startTime, 'SIGSTOP');
    await expect.poll(() => isStill(child?.pid ?? 0)).toBe(true);
    await sandbox.pause(recordOf(agentId, root), deadline());
    expect(await sandbox.resume(recordOf(agentId, root), deadline())).toMatchObject({ outcome: 'resumed' });
    expect([root, child].map(one => isStill(one?.pid ?? 0))).toEqual([false, true]);
  });

  test('stands still as a whole though it forks without end', async () => {
    const agentId = newId();
    const script = 'echo root $$; while :; do sleep 0.01 & sleep 0.01 & wait; done';
    const { root } = await run(script, { agentId });
    expect(await sandbox.pause(recordOf(agentId, root), deadline())).toMatchObject({ outcome: 'paused' });
    const members = carriersOf(agentId);
    expect(members).toContain(root?.pid);
    expect(members.map(isStill)).toEqual(members.map(() => true));
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
  });

  test('is not paused if it has a terminal, and goes on', async () => {
    const agentId = newId();
    const pid = await startInTerminal(agentId);
    expect(await sandbox.pause(recordOf(agentId), deadline())).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('it has a terminal'),
    });
    expect(isStill(pid)).toBe(false);
  });
});

describe.runIf(canEnclose)('An agent that can be given a cgroup', () => {
  const space = `PAUSE${process.pid}`;
  const enclosures = createEnclosures({ variable: space });
  const kernel = createCgroups();
  const sandbox = createProcesses({ kernel, enclosures, log: silent });
  afterAll(() => sandbox.close());

  test('is paused with its terminal, and stays so when it is told to continue', async () => {
    const agentId = newId();
    const pid = await startInTerminal(agentId);
    expect(said(await sandbox.pause(recordOf(agentId), deadline()))).toEqual({ outcome: 'paused' });
    signal(pid, startTimeOf(pid), 'SIGCONT');
    expect(isStill(pid)).toBe(true);
    expect(said(await sandbox.resume(recordOf(agentId), deadline()))).toEqual({ outcome: 'resumed' });
    expect(isStill(pid)).toBe(false);
  });

  test('has one as soon as it is seen, and dies with what left it since', async () => {
    const agentId = newId();
    const { root, leave } = await startAgent(agentId);
    await sandbox.scan();
    await expect.poll(() => enclosures.find(agentId)?.members()).toContain(root?.pid);
    const daemon = await leave();
    expect(await sandbox.pause(recordOf(agentId, root), deadline())).toMatchObject({ outcome: 'paused' });
    expect([root?.pid ?? 0, daemon].map(isStill)).toEqual([true, true]);
    expect(said(await sandbox.kill(recordOf(agentId, root), atOnce()))).toEqual({ outcome: 'dead' });
    expect(isAlive(daemon)).toBe(false);
    expect(enclosures.find(agentId)).toBeUndefined();
  });

  test('is still known by its cgroup alone, to another process of ours, when only a daemon is left of it', async () => {
    const agentId = newId();
    const { root, child, leave } = await startAgent(agentId);
    await sandbox.scan();
    await expect.poll(() => enclosures.find(agentId)?.members()).toContain(root?.pid);
    const daemon = await leave();
    for (const one of [child, root]) signal(one?.pid ?? 0, one?.startTime, 'SIGKILL');
    await expect.poll(() => carriersOf(agentId)).toEqual([]);
    const other = createProcesses({ enclosures: createEnclosures({ variable: space }), log: silent });
    expect(await other.pause(recordOf(agentId), deadline())).toMatchObject({ outcome: 'paused' });
    expect(isStill(daemon)).toBe(true);
    expect(await other.kill(recordOf(agentId), atOnce())).toMatchObject({ outcome: 'dead' });
    expect(isAlive(daemon)).toBe(false);
  });

  test('is not taken for all that is in its cgroup once another agent’s process is in it', async () => {
    const [agentId, other] = [newId(), newId()];
    const [{ root }, { root: stranger }] = [await startAgent(agentId), await startAgent(other)];
    await enclosures.enclose(agentId, [{ pid: root?.pid ?? 0 }, { pid: stranger?.pid ?? 0 }]);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
    expect([root, stranger].map(one => isAlive(one?.pid ?? 0))).toEqual([false, true]);
  });

  test('loses its cgroup when it has ended by itself', async () => {
    const agentId = newId();
    const { root, child } = await startAgent(agentId);
    await sandbox.scan();
    await expect.poll(() => enclosures.find(agentId)?.members()).toContain(root?.pid);
    for (const one of [child, root]) signal(one?.pid ?? 0, one?.startTime, 'SIGKILL');
    await expect
      .poll(async () => {
        await sandbox.scan();
        return enclosures.find(agentId);
      })
      .toBeUndefined();
  });
});

test('Of ps a process without a terminal is known by its question or hyphen marks', () => {
  const postures = parsePostures('    1 Ss   ?\n   20 T    ttys001\n   30 S+   ??\n   40 R    -\n');
  expect([...postures]).toEqual([
    [1, { still: false, interactive: false }],
    [20, { still: true, interactive: true }],
    [30, { still: false, interactive: false }],
    [40, { still: false, interactive: false }],
  ]);
});

test('Elsewhere than on Linux an agent without a terminal is paused by what ps shows', async () => {
  const agentId = newId();
  const { root } = await startAgent(agentId);
  const sandbox = createProcesses({ platform: 'darwin', log: silent });
  expect(await sandbox.pause(recordOf(agentId), deadline())).toMatchObject({
    outcome: 'paused',
    weaker: true,
  });
  expect(isStill(root?.pid ?? 0)).toBe(true);
  expect(await sandbox.resume(recordOf(agentId), deadline())).toMatchObject({ outcome: 'resumed' });
});
