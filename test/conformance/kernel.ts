import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Kernel } from '../../lib/ports/kernel.js';

/** Processes in a cgroup of their own. */
interface SpawnedCgroup {
  /** The process that founded it. */
  readonly pid: number;
  /** Another one in it. */
  readonly member: number;
  /** Asked of the system itself and not of the kernel port under test. */
  isRunning(): boolean;
  /** All its processes end, and the cgroup goes. */
  end(): void | Promise<void>;
}

export interface KernelWorld {
  readonly kernel: Kernel;
  /** @param name of the cgroup; of no meaning unless told */
  spawn(name?: string): SpawnedCgroup | Promise<SpawnedCgroup>;
}

const nobody = (): boolean => false;
const within = (): AbortSignal => AbortSignal.timeout(20_000);
/** The full ID of a container. */
const newId = (): string => randomBytes(32).toString('hex');

/** What every {@link Kernel} has to do. */
export function kernelConformance(
  name: string,
  open: () => KernelWorld,
  { freezes = true }: { readonly freezes?: boolean } = {},
): void {
  describe(`${name} is a kernel`, () => {
    let world: KernelWorld;
    let kernel: Kernel;
    beforeAll(() => {
      world = open();
      kernel = world.kernel;
    });

    const expectEmpty = async (key: string): Promise<void> => {
      await expect.poll(() => kernel.look(key), { interval: 1, timeout: 10_000 }).toBe('empty');
    };

    test('knows nothing of a key that it was never given', () => {
      expect(kernel.look('never')).toBe('unknown');
      expect(kernel.kill(['never'])).toEqual([]);
      kernel.forget('never');
    });

    test.each(['remember', 'rememberOwn'] as const)(
      'kills all that is in a cgroup known by %s',
      async method => {
        const key = newId();
        const cgroup = await world.spawn(key);
        kernel[method](key, cgroup.pid, nobody);
        expect(kernel.look(key)).toBe('populated');
        expect(kernel.kill([key])).toEqual([key]);
        await expectEmpty(key);
        expect(cgroup.isRunning()).toBe(false);
      },
    );

    test('kills a second time, and also what is gone, without complaint', async () => {
      const key = newId();
      const cgroup = await world.spawn(key);
      kernel.remember(key, cgroup.pid);
      expect([kernel.kill([key]), kernel.kill([key])]).toEqual([[key], [key]]);
      await expectEmpty(key);
      await cgroup.end();
      expect(kernel.kill([key])).toEqual([key]);
      expect(kernel.look(key)).toBe('empty');
    });

    test('sees that a cgroup has become empty by itself', async () => {
      const key = newId();
      const cgroup = await world.spawn(key);
      kernel.remember(key, cgroup.pid);
      await cgroup.end();
      await expectEmpty(key);
    });

    test('reaches what it remembers, and nothing that it forgot or was never given', async () => {
      const key = newId();
      const cgroup = await world.spawn(key);
      kernel.remember(key, cgroup.pid);
      expect([kernel.reaches(key), kernel.reaches(newId())]).toEqual([true, false]);
      kernel.forget(key);
      expect(kernel.reaches(key)).toBe(false);
    });

    test('lists who is in a cgroup, and no one for an unknown or empty one', async () => {
      const key = newId();
      const cgroup = await world.spawn(key);
      kernel.remember(key, cgroup.pid);
      expect(kernel.members(key)).toEqual(expect.arrayContaining([cgroup.pid, cgroup.member]));
      kernel.kill([key]);
      await expectEmpty(key);
      expect([kernel.members(key), kernel.members('never')]).toEqual([[], []]);
    });

    test('kills only the cgroup that it is asked to kill', async () => {
      const keys = [newId(), newId()] as const;
      const [one, other] = [await world.spawn(keys[0]), await world.spawn(keys[1])];
      kernel.remember(keys[0], one.pid);
      kernel.remember(keys[1], other.pid);
      kernel.kill([keys[0]]);
      await expectEmpty(keys[0]);
      expect(other.isRunning()).toBe(true);
      expect(kernel.look(keys[1])).toBe('populated');
    });

    test('kills several at once, and what it does not know keeps back none of them', async () => {
      const keys = [newId(), newId()];
      const cgroups = await Promise.all(keys.map(key => world.spawn(key)));
      for (const [index, { pid }] of cgroups.entries()) kernel.remember(keys[index] ?? '', pid);
      expect(kernel.kill(['never', ...keys])).toEqual(keys);
      await Promise.all(keys.map(expectEmpty));
      expect(kernel.kill([])).toEqual([]);
    });

    test('forgets', async () => {
      const key = newId();
      const cgroup = await world.spawn(key);
      kernel.remember(key, cgroup.pid);
      kernel.forget(key);
      expect(kernel.look(key)).toBe('unknown');
      expect(kernel.kill([key])).toEqual([]);
      expect(cgroup.isRunning()).toBe(true);
    });

    test('freezes what it is asked to freeze alone, sees it frozen, and thaws it', async () => {
      const keys = [newId(), newId()] as const;
      const [one, other] = [await world.spawn(keys[0]), await world.spawn(keys[1])];
      kernel.remember(keys[0], one.pid);
      kernel.remember(keys[1], other.pid);
      expect(kernel.isFrozen(keys[0])).toBe(freezes ? false : undefined);
      if (!freezes) {
        expect(await kernel.freeze([keys[0]], within())).toEqual([]);
        return;
      }
      expect(await kernel.freeze([keys[0], 'never'], within())).toEqual([keys[0]]);
      expect([kernel.isFrozen(keys[0]), kernel.isFrozen(keys[1])]).toEqual([true, false]);
      expect(one.isRunning()).toBe(true);
      expect(await kernel.thaw([keys[0], 'never'], within())).toEqual([keys[0]]);
      expect(kernel.isFrozen(keys[0])).toBe(false);
    });

    test('kills what it has frozen', async () => {
      const key = newId();
      const cgroup = await world.spawn(key);
      kernel.remember(key, cgroup.pid);
      await kernel.freeze([key], within());
      expect(kernel.kill([key])).toEqual([key]);
      await expectEmpty(key);
      expect(cgroup.isRunning()).toBe(false);
    });

    test('knows of nothing that it was never given whether it is frozen', async () => {
      expect(kernel.isFrozen('never')).toBeUndefined();
      expect(await kernel.freeze(['never'], within())).toEqual([]);
      expect(await kernel.thaw(['never'], within())).toEqual([]);
    });

    test('takes a cgroup for the own one of its founder alone, and only without a foreign member', async () => {
      const key = newId();
      const { pid, member } = await world.spawn(key);
      expect(kernel.rememberOwn(key, member, nobody)).toBe(false);
      expect(kernel.rememberOwn(key, pid, one => one === member)).toBe(false);
      expect(kernel.look(key)).toBe('unknown');
      expect(kernel.rememberOwn(key, pid, nobody)).toBe(true);
    });

    test('takes no cgroup for a container’s that is not named after it', async () => {
      const [id, other] = [newId(), newId()];
      const [nameless, named] = [await world.spawn(), await world.spawn(other)];
      for (const { pid } of [nameless, named]) kernel.remember(id, pid);
      expect(kernel.look(id)).toBe('unknown');
      expect(kernel.kill([id])).toEqual([]);
      expect([nameless, named].map(cgroup => cgroup.isRunning())).toEqual([true, true]);
    });

    test('finds the cgroups of containers by their IDs alone', async () => {
      const ids = [newId(), newId()];
      const cgroups = await Promise.all(ids.map(id => world.spawn(id)));
      const found = await Promise.all([...ids, newId(), 'x/../y'].map(id => kernel.find([id])));
      expect(found.flat()).toEqual(ids);
      expect(await kernel.find([])).toEqual([]);
      expect(kernel.kill(ids)).toEqual(ids);
      await Promise.all(ids.map(expectEmpty));
      expect(cgroups.map(cgroup => cgroup.isRunning())).toEqual([false, false]);
    });

    test.each([
      ['this process', process.pid],
      ['PID 1', 1],
      ['no process at all', 2 ** 30],
      ['a PID that is none', -1],
      ['every process', 0],
    ])('remembers nothing of %s', (_, pid) => {
      kernel.remember('refused', pid);
      expect(kernel.rememberOwn('refused', pid, nobody)).toBe(false);
      expect(kernel.look('refused')).toBe('unknown');
      expect(kernel.kill(['refused'])).toEqual([]);
    });

    test('says how it kills', async () => {
      expect(await kernel.probe()).toMatchObject({ name: 'kernel', detail: expect.any(String) });
    });
  });
}
