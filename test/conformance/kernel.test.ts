import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { clearCgroup, freezer, makeCgroup, pids, startIn, unified } from '../integration/cgroup.helper.js';
import { type KernelWorld, kernelConformance } from './kernel.js';

const worlds = [
  ['cgroup v2', unified],
  ['The freezer of cgroup v1', freezer],
  ['Another controller of cgroup v1', pids],
  ['All that is mounted', [...unified, ...freezer]],
] as const;

for (const [name, mounts] of worlds.filter(([, { length }]) => length > 0)) {
  const [only] = mounts;
  const open = (): KernelWorld => ({
    kernel: createCgroups(mounts.length === 1 && only ? { root: only.point } : {}),
    async spawn(cgroupName) {
      const directories = mounts.map(({ point }) => makeCgroup(point, cgroupName));
      const { pid, members, isRunning } = await startIn(directories, 2);
      const end = async (): Promise<void> => void (await Promise.all(directories.map(clearCgroup)));
      return { pid, member: members[0] ?? 0, isRunning, end };
    },
  });
  kernelConformance(name, open, { freezes: mounts !== pids });
}
