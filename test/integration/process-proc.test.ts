import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as firstLook } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { coalesce } from '../../lib/adapters/process/coalesce.js';
import { valuesOf } from '../../lib/adapters/process/environ.js';
import { readText } from '../../lib/adapters/process/files.js';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { createProc } from '../../lib/adapters/process/linux.js';
import { parseStat } from '../../lib/adapters/process/stat.js';
import { createSnapshot } from '../../lib/adapters/process/table.js';
import { isAlive, temporaryDirectory } from '../services/agents.js';
import { about, atOnce, newId, recordOf, run, silent } from './process.helper.js';

const VARIABLE = 'KILLSWITCH_AGENT_ID';

interface Fake {
  readonly comm?: string;
  readonly state?: string;
  readonly ppid?: number;
  readonly flags?: number;
  readonly threads?: number;
  readonly startTime?: string;
  /** Where the environment begins and ends. */
  readonly environ?: string;
}

/** One line as proc_pid_stat(5) describes it. */
function stat(pid: number, fake: Fake = {}): string {
  const {
    comm = 'sh',
    state = 'S',
    ppid = 7,
    flags = 0,
    threads = 1,
    startTime = '5',
    environ = '1 9',
  } = fake;
  const upToThreads = `${state} ${ppid} ${pid} ${pid} 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 ${threads}`;
  return `${pid} (${comm}) ${upToThreads} 0 ${startTime}${' 0'.repeat(27)} ${environ} 0`;
}

describe('A process table of our making', () => {
  let root: string;
  const file = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const put = (pid: number, fake: Fake, environ: string): void => {
    file(`${pid}/stat`, stat(pid, fake));
    file(`${pid}/environ`, environ);
  };
  const kill = (agentId: string, pid?: number, deadline = AbortSignal.abort()) =>
    createProcesses({ procRoot: root, log: silent, platform: 'linux' }).kill(
      recordOf(agentId, pid === undefined ? undefined : { pid, startTime: '5' }),
      { graceMs: 0, deadline },
    );
  /** A real process; the table tells about it what it likes. */
  const victim = async (): Promise<number> => {
    const { root } = await run('echo root $$; exec sleep 1000 >/dev/null');
    return root?.pid ?? 0;
  };

  beforeEach(() => {
    root = temporaryDirectory();
    put(process.pid, { ppid: 1 }, 'A=b\0');
  });

  test('tells that a process is killed which carries the variable', async () => {
    const [agentId, pid] = [newId(), await victim()];
    put(pid, {}, `A=b\0${VARIABLE}=${agentId}\0`);
    expect(await kill(agentId)).toMatchObject({ outcome: 'pending', detail: '1 process does not die' });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('shows a process whose first thread has ended while another one carries on', async () => {
    const [agentId, pid] = [newId(), await victim()];
    put(pid, { state: 'Z', threads: 2 }, '');
    file(`${pid}/task/${pid}/environ`, '');
    file(`${pid}/task/${pid + 1}/environ`, `${VARIABLE}=${agentId}\0`);
    expect(await kill(agentId)).toMatchObject({ outcome: 'pending' });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('says of a process in uninterruptible sleep why it does not die', async () => {
    const [agentId, pid] = [newId(), await victim()];
    put(pid, { state: 'D' }, `${VARIABLE}=${agentId}\0`);
    expect(await kill(agentId)).toEqual({
      ...about(recordOf(agentId)),
      outcome: 'pending',
      detail: '1 process does not die; a process in uninterruptible sleep cannot be killed',
    });
  });

  test.each<[string, Fake, string]>([
    ['is a kernel thread', { flags: 0x0020_8040 }, ''],
    ['is a zombie', { state: 'Z' }, ''],
  ])('spares what %s, whatever its environment says', async (_, fake) => {
    const [agentId, pid] = [newId(), await victim()];
    put(pid, fake, `${VARIABLE}=${agentId}\0`);
    expect(['alreadyGone', 'refused']).toContain((await kill(agentId, pid)).outcome);
    expect(isAlive(pid)).toBe(true);
  });

  test('is not trusted if we are not in it', async () => {
    const [agentId, pid] = [newId(), await victim()];
    rmSync(join(root, String(process.pid)), { recursive: true });
    put(pid, {}, `${VARIABLE}=${agentId}\0`);
    expect(await kill(agentId)).toMatchObject({ outcome: 'failed' });
    expect(isAlive(pid)).toBe(true);
  });

  test('changes between the look and the signal: who took over the PID is not signalled', async () => {
    const pid = await victim();
    put(pid, {}, 'A=b\0');
    const table = createProc({ variable: VARIABLE, procRoot: root });
    const seen = (await table.snapshot('all')).get(pid);
    put(pid, { startTime: '6' }, 'A=b\0');
    expect(await table.signal(seen ? [seen] : [], 'SIGKILL')).toEqual({ sent: 0, denied: [] });
    expect(isAlive(pid)).toBe(true);
  });

  test('is stopped ahead of all others only by PID, start time and variable together', async () => {
    const [agentId, pid] = [newId(), await victim()];
    put(pid, {}, `${VARIABLE}=${agentId}\0`);
    const { freezeTree } = createProc({ variable: VARIABLE, procRoot: root });
    expect(freezeTree(pid, '6', agentId)).toEqual([]);
    expect(freezeTree(pid, '5', `${agentId}0`)).toEqual([]);
    expect(freezeTree(pid, '5', agentId)).toEqual([{ pid, startTime: '5' }]);
  });

  test.each<[string, Fake, string[]]>([
    ['is not read again while it lies where it lay', {}, []],
    ['is read again after an exec', { environ: '1 8' }, ['a1']],
    ['is read again of another process', { startTime: '6' }, ['a1']],
  ])('shows an environment that %s', async (_, fake, labels) => {
    const [table, pid] = [createProc({ variable: VARIABLE, procRoot: root }), await victim()];
    put(pid, {}, 'A=b\0');
    expect((await table.snapshot('all')).get(pid)?.labels).toEqual([]);
    put(pid, fake, `${VARIABLE}=a1\0`);
    expect((await table.snapshot('all')).get(pid)?.labels).toEqual(labels);
  });

  test('always shows the environment again where an exec cannot be noticed', async () => {
    const [table, pid] = [createProc({ variable: VARIABLE, procRoot: root }), await victim()];
    const hidden = { environ: '0 0' };
    put(pid, hidden, 'A=b\0');
    expect((await table.snapshot('all')).get(pid)?.labels).toEqual([]);
    put(pid, hidden, `${VARIABLE}=a1\0`);
    expect((await table.snapshot('all')).get(pid)?.labels).toEqual(['a1']);
  });

  test('waits for a process in the middle of its exec to show its environment', async () => {
    const [agentId, pid] = [newId(), await victim()];
    put(pid, {}, '');
    const deadline = new AbortController();
    const outcome = kill(agentId, pid, deadline.signal);
    await firstLook();
    put(pid, {}, `${VARIABLE}=${agentId}\0`);
    await expect.poll(() => isAlive(pid)).toBe(false);
    deadline.abort();
    expect(await outcome).toMatchObject({ outcome: 'pending', detail: '1 process does not die' });
  });

  test('does not take a process for gone that shows no environment because it is on its way out', async () => {
    const [agentId, pid] = [newId(), await victim()];
    put(pid, {}, `A=b\0${VARIABLE}=${agentId}\0`);
    const table = createProc({ variable: VARIABLE, procRoot: root });
    expect((await table.snapshot('all')).labelled(agentId)).toHaveLength(1);
    file(`${pid}/stat`, stat(pid, { environ: '0 0' }));
    rmSync(join(root, `${pid}/environ`));
    expect((await table.snapshot('all')).get(pid)).toMatchObject({ state: 'alive', environment: 'nascent' });
    file(`${pid}/stat`, stat(pid, { state: 'Z', environ: '0 0' }));
    expect((await table.snapshot('all')).get(pid)).toMatchObject({ state: 'dead' });
  });

  test('leaves it open what a process is that shows no environment until the deadline', async () => {
    const pid = await victim();
    put(pid, {}, '');
    expect(await kill(newId(), pid)).toMatchObject({ outcome: 'pending' });
    expect(isAlive(pid)).toBe(true);
  });

  test('that cannot be read is a failure of the kill and of the probe', async () => {
    const error = vi.fn();
    const sandbox = createProcesses({
      procRoot: join(root, 'none'),
      platform: 'linux',
      log: { ...silent, error },
    });
    const detail = 'the process table cannot be read';
    expect(await sandbox.kill(recordOf('a1'), atOnce())).toEqual({
      ...about(recordOf('a1')),
      outcome: 'failed',
      detail,
    });
    expect(error).toHaveBeenCalledOnce();
    expect(await sandbox.probe()).toEqual({ name: 'process', ok: false, detail });
  });
});

test('Reads a list of /proc to its end, though the kernel gives a page at a time', async () => {
  const count = 1_200;
  const script = `for i in $(seq ${count}); do sleep 1000 >/dev/null & done; echo root $$; wait`;
  const { root } = await run(script, { agentId: newId() });
  const pid = root?.pid ?? 0;
  const path = `/proc/${pid}/task/${pid}/children`;
  await expect.poll(() => readText(path)?.trim().split(' ')).toHaveLength(count);
});

test.each(['sh', 'a b', ')', 'a) R 1 2 3', 'x\n1 (y) Z 1'])('Reads a stat of the command %j', comm => {
  expect(parseStat(stat(42, { comm, ppid: 12, startTime: '18446744073709551615' }))).toMatchObject({
    ppid: 12,
    session: 42,
    state: 'alive',
    startTime: '18446744073709551615',
  });
});

test.each(['', 'no stat', '1 (sh) S 1'])('Takes %j for no stat', text => {
  expect(parseStat(text)).toBeUndefined();
});

test('Finds a variable only as an entry of its own, and every time', () => {
  const environ = Buffer.from('A=ID=1\0ID=2\0XID=3\0ID=4\nID=5\0ID=\0ID=\xff\0ID=6', 'latin1');
  expect(valuesOf(environ, 'ID')).toEqual(['2', '4\nID=5', '', '\xff', '6']);
});

test('Those who ask in the same tick share one look, and who asks later gets a later one', async () => {
  const look = vi.fn(() => createSnapshot([]));
  const snapshot = coalesce(look);
  await Promise.all([snapshot(new Set([1])), snapshot(new Set([2]))]);
  expect(look).toHaveBeenLastCalledWith(new Set([1, 2]));
  await Promise.all([snapshot(new Set([1])), snapshot('all'), snapshot(new Set([2]))]);
  expect(look).toHaveBeenLastCalledWith('all');
  expect(look).toHaveBeenCalledTimes(2);
});
