import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { createEnclosures } from '../../lib/adapters/cgroup/enclosures.js';
import { temporaryDirectory } from '../services/agents.js';
import { readOf, signal, startTimeOf } from '../services/proc.js';
import { clearCgroup, freezer, makeCgroup, move, startIn, unified } from './cgroup.helper.js';
import { carriersOf, newId, run } from './process.helper.js';
import { asUser, canBeUser } from './process-asker.helper.js';

const within = (ms = 20_000): AbortSignal => AbortSignal.timeout(ms);
const space = `T${randomBytes(4).toString('hex')}`;
const isAlive = (pid: number): boolean =>
  startTimeOf(pid) !== undefined && !/\) Z /.test(readOf(pid, 'stat'));

describe.each([...unified, ...freezer])('In the hierarchy at $point, an agent', ({ point, version }) => {
  const enclosures = createEnclosures({ root: point, variable: space });
  const slice = join(point, version === 2 ? 'killswitch.slice' : 'killswitch');
  afterAll(async () => {
    for (const id of enclosures.agentIds())
      await clearCgroup(join(point, enclosures.find(id)?.place ?? 'none'));
  });

  /** An agent that forks without end, so that it always has children that are just being born. */
  async function startForking(agentId: string): Promise<number> {
    const script = 'echo root $$; while :; do (sleep 0.02; sleep 0.02 & sleep 0.02) & sleep 0.001; done';
    const { root } = await run(script, { agentId });
    return root?.pid ?? 0;
  }
  /** An agent that counts in a file. */
  async function startCounting(agentId: string) {
    const file = join(temporaryDirectory(), 'count');
    const { root } = await run(`echo root $$; while :; do echo x >>'${file}'; sleep 0.01; done`, { agentId });
    const count = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    await expect.poll(count).toBeGreaterThan(0);
    return { pid: root?.pid ?? 0, count };
  }
  const isInside = (pid: number, place: string): boolean =>
    readOf(pid, 'cgroup')
      .split('\n')
      .some(line => line.endsWith(`:${place}`));

  test('is moved with all that it forks meanwhile', async () => {
    const agentId = newId();
    const pid = await startForking(agentId);
    const enclosing = await enclosures.enclose(agentId, [{ pid }]);
    if (!enclosing.enclosed) throw new Error(enclosing.why);
    expect(enclosing).toMatchObject({ outside: [], place: expect.stringContaining(`killswitch@${agentId}`) });
    const own = enclosures.find(agentId);
    // What was born before it was moved and lost its parent has ended by then.
    await expect
      .poll(() => carriersOf(agentId).filter(one => isAlive(one) && !isInside(one, enclosing.place)))
      .toEqual([]);
    expect(own?.members()).toContain(pid);
    expect(own?.kill()).toBe(true);
    await expect.poll(() => own?.isEmpty()).toBe(true);
    expect(carriersOf(agentId)).toEqual([]);
    expect(own?.remove()).toBe(true);
    expect(enclosures.find(agentId)).toBeUndefined();
  });

  test('keeps inside what clears its environment, makes its own session and loses its parent', async () => {
    const agentId = newId();
    const gate = join(temporaryDirectory(), 'gate');
    const script = `echo root $$; while [ ! -e '${gate}' ]; do sleep 0.01; done; (setsid env -i sh -c 'echo $$ >"${gate}.pid"; exec sleep 1000' >/dev/null &); sleep 1000`;
    const { root } = await run(script, { agentId });
    expect(await enclosures.enclose(agentId, [{ pid: root?.pid ?? 0 }])).toMatchObject({ enclosed: true });
    await promisify(execFile)('touch', [gate]);
    await expect.poll(() => statSync(`${gate}.pid`, { throwIfNoEntry: false })?.size ?? 0).toBeGreaterThan(0);
    const daemon = Number(readFileSync(`${gate}.pid`, 'utf8'));
    onTestFinished(() => signal(daemon, startTimeOf(daemon), 'SIGKILL'));
    await expect.poll(() => readOf(daemon, 'stat')).toMatch(/\) \w 1 /);
    const own = enclosures.find(agentId);
    expect(own?.members()).toContain(daemon);
    expect(own?.kill()).toBe(true);
    await expect.poll(() => isAlive(daemon)).toBe(false);
  });

  test('stands still once it is seen frozen, and goes on when it is thawed', async () => {
    const agentId = newId();
    const { pid, count } = await startCounting(agentId);
    await enclosures.enclose(agentId, [{ pid }]);
    const own = enclosures.find(agentId);
    expect(own?.isFrozen()).toBe(false);
    expect(await own?.freeze(within())).toBe(true);
    expect(own?.isFrozen()).toBe(true);
    const before = count();
    signal(pid, startTimeOf(pid), 'SIGCONT');
    await new Promise(resolve => setTimeout(resolve, 100));
    expect([count(), own?.isFrozen()]).toEqual([before, true]);
    expect(await own?.thaw(within())).toBe(true);
    await expect.poll(count).toBeGreaterThan(before);
  });

  test('dies while it is frozen', async () => {
    const agentId = newId();
    const { pid } = await startCounting(agentId);
    await enclosures.enclose(agentId, [{ pid }]);
    const own = enclosures.find(agentId);
    expect(await own?.freeze(within())).toBe(true);
    expect(own?.kill()).toBe(true);
    await expect.poll(() => own?.isEmpty()).toBe(true);
    expect([isAlive(pid), own?.isFrozen()]).toEqual([false, expect.any(Boolean)]);
  });

  test('stays where it is when it is enclosed again, and is found by another process of ours', async () => {
    const agentId = newId();
    const { pid } = await startCounting(agentId);
    const first = await enclosures.enclose(agentId, [{ pid }]);
    const again = createEnclosures({ root: point, variable: space });
    expect(again.agentIds()).toContain(agentId);
    expect(again.find(agentId)?.members()).toContain(pid);
    expect(await again.enclose(agentId, [{ pid }])).toMatchObject({ ...first, moved: 0 });
    expect(again.find(agentId)?.remove()).toBe(false);
  });

  test('of another space is another one', async () => {
    const agentId = newId();
    const { pid } = await startCounting(agentId);
    await enclosures.enclose(agentId, [{ pid }]);
    const other = createEnclosures({ root: point, variable: `${space}x` });
    expect(other.find(agentId)).toBeUndefined();
    expect(other.agentIds()).toEqual([]);
    // It belongs to that one, and is not taken out of its cgroup.
    expect(await other.enclose(agentId, [{ pid }])).toMatchObject({ enclosed: false });
    expect(enclosures.find(agentId)?.members()).toContain(pid);
  });

  test('is not moved where its PID is another process’s by now', async () => {
    const agentId = newId();
    const { pid } = await startCounting(agentId);
    expect(await enclosures.enclose(agentId, [{ pid, startTime: '1' }])).toMatchObject({ enclosed: false });
    expect(enclosures.find(agentId)).toBeUndefined();
  });

  test('is never this process, one of its ancestors or PID 1', async () => {
    const pids = [1, process.pid, process.ppid].map(pid => ({ pid }));
    expect(await enclosures.enclose(newId(), pids)).toMatchObject({ enclosed: false });
    expect(readOf(process.pid, 'cgroup')).not.toContain(`@${space}`);
  });

  test('is left in the cgroup of its container', async () => {
    const directory = makeCgroup(point, randomBytes(32).toString('hex'));
    const { pid } = await startIn([directory], 1);
    expect(await enclosures.enclose(newId(), [{ pid }])).toEqual({
      enclosed: false,
      why: expect.stringContaining('container'),
    });
  });

  test('stays below the cgroup of the service that it was started in', async () => {
    const agentId = newId();
    const unit = makeCgroup(point, `killswitch-test-${randomBytes(4).toString('hex')}.service`);
    const { pid } = await startCounting(agentId);
    move(pid, unit);
    const enclosing = await enclosures.enclose(agentId, [{ pid }]);
    expect(enclosing).toMatchObject({
      place: expect.stringMatching(/^\/killswitch-test-\w+\.service\/killswitch@/),
    });
    expect(enclosures.find(agentId)?.members()).toContain(pid);
    await clearCgroup(join(unit, `killswitch@${agentId}@${space}`));
  });

  test('is born inside when it is spawned inside, and this process is back where it was', async () => {
    const agentId = newId();
    const before = readOf(process.pid, 'cgroup');
    const { born, enclosing } = enclosures.spawnInside(agentId, () =>
      spawn('sleep', ['1000'], { stdio: 'ignore' }),
    );
    expect(enclosing).toMatchObject({ enclosed: true });
    expect(readOf(process.pid, 'cgroup')).toBe(before);
    const own = enclosures.find(agentId);
    expect(own?.members()).toEqual([born.pid]);
    expect(own?.kill()).toBe(true);
    await once(born, 'exit');
    expect(own?.remove()).toBe(true);
  });

  test('comes back with what its spawn threw, and with this process where it was', () => {
    const before = readOf(process.pid, 'cgroup');
    const broken = (): never => {
      throw new Error('there is no such program');
    };
    expect(() => enclosures.spawnInside(newId(), broken)).toThrow('there is no such program');
    expect(readOf(process.pid, 'cgroup')).toBe(before);
  });

  test('leaves no cgroup behind when the last one is removed', async () => {
    const agentId = newId();
    const { pid } = await startCounting(agentId);
    await enclosures.enclose(agentId, [{ pid }]);
    const own = enclosures.find(agentId);
    own?.kill();
    await expect.poll(() => own?.isEmpty()).toBe(true);
    expect([own?.remove(), own?.remove()]).toEqual([true, true]);
    expect(own?.isEmpty()).toBe(true);
    expect(() => rmdirSync(join(slice, `killswitch@${agentId}@${space}`))).toThrow('ENOENT');
  });

  test('loses its cgroup when those are tidied up in which nothing runs, and no other does', async () => {
    const [ended, running] = [newId(), newId()];
    const [{ pid }, { pid: other }] = [await startCounting(ended), await startCounting(running)];
    await enclosures.enclose(ended, [{ pid }]);
    await enclosures.enclose(running, [{ pid: other }]);
    signal(pid, startTimeOf(pid), 'SIGKILL');
    await expect.poll(() => enclosures.find(ended)?.isEmpty()).toBe(true);
    enclosures.tidy();
    expect(enclosures.find(ended)).toBeDefined();
    enclosures.tidy({ all: true });
    expect(enclosures.find(ended)).toBeUndefined();
    expect(enclosures.find(running)?.members()).toContain(other);
  });

  test('can be given a cgroup here, says the probe', async () => {
    expect(await enclosures.probe()).toMatchObject({ name: 'enclosing', ok: true });
  });
});

test('An agent without a process here gets no cgroup', async () => {
  expect(await createEnclosures({ variable: space }).enclose(newId(), [])).toMatchObject({ enclosed: false });
});

test('Where no cgroups are mounted that says why', async () => {
  const enclosures = createEnclosures({ root: '/nowhere', variable: space });
  expect(await enclosures.enclose(newId(), [{ pid: 2 }])).toMatchObject({ why: /neither cgroup v2/ });
  expect(enclosures.spawnInside(newId(), () => 'born')).toMatchObject({
    born: 'born',
    enclosing: { enclosed: false },
  });
  expect(enclosures.find(newId())).toBeUndefined();
  expect(await enclosures.probe()).toMatchObject({ ok: false, aside: true });
});

test.runIf(canBeUser)('A user without a cgroup of its own is told why', async () => {
  const script = `
    const { createEnclosures } = await import('./lib/adapters/cgroup/enclosures.ts');
    const enclosures = createEnclosures({ variable: '${space}' });
    const { born, enclosing } = enclosures.spawnInside('a1', () => 'born');
    console.log(JSON.stringify([await enclosures.enclose('a1', [{ pid: process.ppid }, { pid: process.pid }]), born, enclosing]));`;
  const [file = '', ...args] = [
    ...asUser,
    process.execPath,
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    script,
  ];
  const { stdout } = await promisify(execFile)(file, args);
  const refused = { enclosed: false, why: expect.stringContaining('run as root') };
  expect(JSON.parse(stdout)).toEqual([refused, 'born', refused]);
});
