import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, readOf } from './proc.js';

const ROOT = '/sys/fs/cgroup';

/** Directories of the cgroups that a process is in: one a v1 controller, or the v2 one, or both. */
export function cgroupsOf(pid: number): string[] {
  return readOf(pid, 'cgroup')
    .split('\n')
    .flatMap(line => {
      const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (path === '/') return [];
      const names = controllers === '' ? ['', 'unified'] : [controllers.replace(/^name=/, '')];
      return names.map(name => join(ROOT, name, path));
    })
    .filter(directory => existsSync(join(directory, 'cgroup.procs')));
}

/** Directories that an engine's cgroupfs or systemd driver gives a container, found by its ID. */
export function cgroupsOfContainer(id: string): string[] {
  const roots = existsSync(ROOT) ? [ROOT, ...readdirSync(ROOT).map(name => join(ROOT, name))] : [];
  return roots
    .flatMap(root => [join(root, 'docker', id), join(root, 'system.slice', `docker-${id}.scope`)])
    .filter(directory => existsSync(join(directory, 'cgroup.procs')));
}

/** Live host PIDs in a set of cgroups. */
export function membersOf(cgroups: readonly string[]): number[] {
  const pids = cgroups.flatMap(directory => {
    try {
      return readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
  return [...new Set(pids)].filter(pid => isAlive(pid)).sort((a, b) => a - b);
}

/** Lets frozen members run, so that a SIGKILL can take effect. */
export function thaw(cgroup: string): void {
  attempt(() => writeFileSync(join(cgroup, 'freezer.state'), 'THAWED', { flag: 'r+' }));
  attempt(() => writeFileSync(join(cgroup, 'cgroup.freeze'), '0', { flag: 'r+' }));
}

/** Removes an empty cgroup. */
export function removeCgroup(cgroup: string): void {
  attempt(() => rmdirSync(cgroup));
}

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // The file belongs to the other cgroup version, or the cgroup is gone.
  }
}

/** Whether a process stands still: frozen by a cgroup that it is in, or stopped by a signal. */
export const isStill = (pid: number): boolean =>
  /\) [Tt] /.test(readOf(pid, 'stat')) ||
  cgroupsOf(pid).some(
    directory =>
      /^frozen 1$/m.test(textOf(directory, 'cgroup.events')) ||
      textOf(directory, 'freezer.state').trim() === 'FROZEN',
  );

function textOf(directory: string, file: string): string {
  try {
    return readFileSync(join(directory, file), 'utf8');
  } catch {
    return '';
  }
}
