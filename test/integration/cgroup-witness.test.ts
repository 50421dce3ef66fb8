import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { membersOf } from '../../lib/adapters/cgroup/tree.js';
import { isAlive } from '../services/agents.js';
import { readOf } from '../services/proc.js';
import { makeCgroup, move, unified } from './cgroup.helper.js';
import { type FakeMachine, layOut, type Machine } from './cgroup-tree.helper.js';
import { about, atOnce, newId, recordOf, run } from './process.helper.js';
import { asUser, canBeUser, openElsewhere, USER } from './process-asker.helper.js';

const id = '0123456789abcdef'.repeat(4);
const PID = 4242;
const unusable = (why: string): string => `not usable: ${why}; the engine alone is used`;

/** A machine with version 2 alone, on which the container's process is in this cgroup. */
const pure = (path: string, more: Partial<Machine> = {}): FakeMachine =>
  layOut({
    mounts: [['cgroup2', '/', '.']],
    processes: {
      [process.pid]: { cgroup: ['0::/system.slice/killswitch.service'] },
      [PID]: { cgroup: [`0::${path}`], startTime: 9 },
    },
    cgroups: { '.': [], [`.${path}`]: [PID] },
    ...more,
  });

afterEach(() => vi.restoreAllMocks());

describe('A cgroup of version 2', () => {
  test('is killed one by one, frozen meanwhile, where the kernel is too old for more', async () => {
    const below = `docker/${id}/below`;
    const { kernel, root, read } = pure(`/docker/${id}`, {
      cgroups: { [`docker/${id}`]: [PID], [below]: [PID + 1] },
    });
    for (const directory of [`docker/${id}`, below]) {
      rmSync(join(root, directory, 'cgroup.kill'));
      writeFileSync(join(root, directory, 'cgroup.freeze'), '0');
    }
    const frozen: string[] = [];
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      frozen.push(read(`docker/${id}/cgroup.freeze`));
      return true;
    });
    kernel.remember(id, PID);
    expect(kernel.reaches(id)).toBe(true);
    expect(kernel.kill([id])).toEqual([id]);
    expect(kill.mock.calls).toEqual([PID, PID + 1].map(pid => [pid, 'SIGKILL']));
    expect(frozen).toEqual(['1', '1']);
    expect([`docker/${id}`, below].map(one => read(`${one}/cgroup.freeze`))).toEqual(['0', '0']);
    expect((await kernel.probe()).detail).toBe('cgroup v2, driver cgroupfs');
  });

  test('is not killed one by one where one of them may not be signalled, and says so', () => {
    const { kernel, root } = pure(`/docker/${id}`);
    rmSync(join(root, `docker/${id}/cgroup.kill`));
    writeFileSync(join(root, `docker/${id}/cgroup.freeze`), '0');
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('refused'), { code: 'EPERM' });
    });
    kernel.remember(id, PID);
    expect(kernel.kill([id])).toEqual([]);
    expect(kernel.look(id)).toBe('populated');
  });

  /** What is only looked at sees the death all the same. */
  async function expectWitness({ kernel, root }: FakeMachine, why: string): Promise<void> {
    kernel.remember(id, PID);
    expect(kernel.look(id)).toBe('populated');
    expect(kernel.members(id)).toEqual([PID]);
    expect([kernel.kill([id]), kernel.reaches(id)]).toEqual([[], false]);
    expect((await kernel.probe()).detail).toBe(unusable(why));
    writeFileSync(join(root, `docker/${id}/cgroup.events`), 'populated 0\nfrozen 0\n');
    expect(kernel.look(id)).toBe('empty');
  }

  test('is only looked at where the kernel is older still', async () => {
    const machine = pure(`/docker/${id}`);
    rmSync(join(machine.root, `docker/${id}/cgroup.kill`));
    await expectWitness(machine, 'the kernel offers no cgroup.kill');
  });

  test.each([
    [1000, 'this process is not root and may not write to the cgroup'],
    [0, 'the cgroup is read-only'],
  ])('is only looked at where user %i may not write', async (user, why) => {
    const machine = pure(`/docker/${id}`);
    const file = join(machine.root, `docker/${id}/cgroup.kill`);
    rmSync(file);
    // Nobody may write to it, not even root.
    symlinkSync('/proc/sys/kernel/ostype', file);
    vi.spyOn(process, 'getuid').mockReturnValue(user);
    await expectWitness(machine, why);
  });

  test('is told to be unusable where it may not even be looked at', async () => {
    const machine = pure(`/docker/${id}`);
    for (const file of ['cgroup.kill', 'cgroup.events']) rmSync(join(machine.root, `docker/${id}`, file));
    machine.kernel.remember(id, PID);
    expect(machine.kernel.look(id)).toBe('unknown');
    expect((await machine.kernel.probe()).detail).toBe(unusable('the kernel offers no cgroup.kill'));
  });

  test('is only looked at where it would take signals to PIDs of another namespace', async () => {
    const machine = layOut({
      mounts: [['cgroup2', '/', '.']],
      processes: { 77: { cgroup: ['0::/own'] }, [PID]: { cgroup: [`0::/docker/${id}`], startTime: 9 } },
      cgroups: { '.': [], [`docker/${id}`]: [PID] },
      self: 77,
    });
    rmSync(join(machine.root, `docker/${id}/cgroup.kill`));
    writeFileSync(join(machine.root, `docker/${id}/cgroup.freeze`), '0');
    await expectWitness(machine, 'the PIDs are of another namespace');
  });
});

describe.runIf(canBeUser).each(unified)(
  'A cgroup at $point that an ordinary user may look at alone',
  ({ point }) => {
    test('shows who belongs to an agent, and that all of them are dead', async () => {
      const sandbox = await openElsewhere(asUser);
      const [agentId, group] = [newId(), makeCgroup(point)];
      // Has cleared its environment, lost its parent and made a session of its own.
      const stray = '(setsid env -i sleep 1000 >/dev/null &)';
      const script = `trap "${stray}" USR1; echo root $$; while :; do sleep 0.05; done`;
      const { root } = await run(script, { agentId, user: USER });
      const pid = root?.pid ?? 0;
      move(pid, group);
      process.kill(pid, 'SIGUSR1');
      const isStray = (one: number): boolean => readOf(one, 'cmdline').startsWith(`sleep\0${1000}`);
      await expect.poll(() => membersOf([group]).some(isStray)).toBe(true);
      const lost = membersOf([group]).find(isStray) ?? 0;
      await expect.poll(() => readOf(lost, 'stat')).toMatch(/\) \w 1 /);
      expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toEqual({
        ...about(recordOf(agentId, root)),
        outcome: 'dead',
      });
      expect([isAlive(pid), isAlive(lost)]).toEqual([false, false]);
      expect(membersOf([group])).toEqual([]);
    });
  },
);
