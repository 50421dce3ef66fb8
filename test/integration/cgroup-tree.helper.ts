import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import { temporaryDirectory } from '../services/agents.js';

interface FakeProcess {
  /** Lines of /proc/PID/cgroup. */
  readonly cgroup: readonly string[];
  readonly startTime?: number;
  readonly parent?: number;
}

export interface Machine {
  /** Type, root, mount point below the root of the cgroups, and super options. */
  readonly mounts: readonly (readonly [type: string, root: string, point: string, options?: string])[];
  readonly processes: Readonly<Record<number, FakeProcess>>;
  /** PIDs in each cgroup, by its directory below the root of the cgroups. */
  readonly cgroups: Readonly<Record<string, readonly number[]>>;
  /** PID by which the process table knows us. */
  readonly self?: number;
}

export interface FakeMachine {
  readonly kernel: Kernel;
  readonly root: string;
  readonly procRoot: string;
  /** What stands in a file below the root of the cgroups. */
  read(path: string): string;
}

/** Lays out /proc and /sys/fs/cgroup as plain files: as a machine shows them that this one is not. */
export function layOut({ mounts, processes, cgroups, self = process.pid }: Machine): FakeMachine {
  const base = temporaryDirectory();
  const [root, procRoot] = [join(base, 'sys'), join(base, 'proc')];
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [pid, { cgroup, startTime = 1, parent = 0 }] of Object.entries(processes)) {
    const before = Array.from({ length: 17 }, () => '0').join(' ');
    put(join(procRoot, pid, 'stat'), `${pid} (a) b) S ${parent} ${before} ${startTime} 0\n`);
    put(join(procRoot, pid, 'cgroup'), `${cgroup.join('\n')}\n`);
  }
  const lines = mounts.map(
    ([type, top, point, options], index) =>
      `${31 + index} 23 0:${28 + index} ${top} ${join(root, point)} rw,relatime shared:1 - ${type} ${type} ${options ?? 'rw'}`,
  );
  put(
    join(procRoot, String(self), 'mountinfo'),
    `22 1 0:20 / / rw - ext4 /dev/vda rw\n${lines.join('\n')}\n`,
  );
  symlinkSync(String(self), join(procRoot, 'self'));
  for (const [directory, pids] of Object.entries(cgroups)) {
    const place = join(root, directory);
    put(join(place, 'cgroup.procs'), pids.map(pid => `${pid}\n`).join(''));
    put(join(place, 'cgroup.events'), `populated ${pids.length > 0 ? 1 : 0}\nfrozen 0\n`);
    put(join(place, 'cgroup.kill'), '');
    put(join(place, 'freezer.state'), 'UNTOUCHED\n');
  }
  return {
    kernel: createCgroups({ root, procRoot }),
    root,
    procRoot,
    read: path => readFileSync(join(root, path), 'utf8'),
  };
}
