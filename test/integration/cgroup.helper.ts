import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inject } from 'vitest';
import { type CgroupMount, parseMountinfo } from '../../lib/adapters/cgroup/mountinfo.js';
import { membersOf, treeOf } from '../../lib/adapters/cgroup/tree.js';
import { removeCgroup, thaw } from '../services/cgroups.js';
import { RUN_MARK } from '../services/context.js';
import { isAlive, signal, startTimeOf } from '../services/proc.js';
import { afterFile } from '../services/registry.js';

/** What this machine has mounted: version 2, the freezer of version 1, another controller of it. */
export const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'), '/sys/fs/cgroup');
const first = (test: (mount: CgroupMount) => boolean): CgroupMount[] => mounts.filter(test).slice(0, 1);
export const unified = first(({ version }) => version === 2);
export const freezer = first(({ controllers }) => controllers.includes('freezer'));
export const pids = first(({ controllers }) => controllers.includes('pids'));

export const newId = (): string => randomBytes(32).toString('hex');

/** Makes a cgroup and removes it after the file, with all that is in it. */
export function makeCgroup(
  parent: string,
  name = `killswitch-test-${randomBytes(6).toString('hex')}`,
): string {
  const directory = join(parent, name);
  mkdirSync(directory);
  afterFile(() => clearCgroup(directory));
  return directory;
}

/** Kills what is in a cgroup, and removes it and those below. */
export async function clearCgroup(directory: string): Promise<void> {
  for (;;) {
    const tree = treeOf(directory);
    const members = membersOf(tree).filter(pid => pid !== process.pid && pid !== process.ppid);
    if (members.length === 0) return [...tree].reverse().forEach(removeCgroup);
    for (const pid of members) signal(pid, startTimeOf(pid), 'SIGKILL');
    tree.forEach(thaw);
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** Moves a process, all its threads included. */
export const move = (pid: number, directory: string): void =>
  writeFileSync(join(directory, 'cgroup.procs'), String(pid));

export interface Tree {
  readonly pid: number;
  readonly members: readonly number[];
  isRunning(): boolean;
}

/** Starts a process that enters the cgroups first and has its children there; comes back when all of them run. */
export async function startIn(directories: readonly string[], children = 10): Promise<Tree> {
  const enter = directories.map(directory => `echo $$ >${directory}/cgroup.procs`);
  const spawnAll = Array.from({ length: children }, () => `sleep 100000 >/dev/null & echo $!`);
  const root = spawn(
    'sh',
    ['-c', [...enter, ...spawnAll, 'echo ready', 'exec sleep 100000 >/dev/null'].join('\n')],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], [RUN_MARK]: basename(inject('runFolder')) },
    },
  );
  let output = '';
  root.stdout.setEncoding('utf8').on('data', text => {
    output += text;
  });
  while (!output.includes('ready')) await once(root.stdout, 'data');
  const members = output.split('\n').filter(Boolean).slice(0, -1).map(Number);
  const pid = root.pid ?? 0;
  return { pid, members, isRunning: () => [pid, ...members].some(member => isAlive(member)) };
}
