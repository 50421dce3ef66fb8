import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cgroupsOfContainer, membersOf, removeCgroup, thaw } from './cgroups.js';
import { RUN_MARK } from './context.js';
import { allProcesses, type ProcessEntry, readOf, signal, startTimeOf } from './proc.js';

const SERVICES = /^(dockerd|containerd(-shim.*)?|(redis|valkey)-server)$/;

/**
 * Ends by process ID all that belongs to a run and removes its folder. It is synchronous, because an
 * `exit` handler gets no second turn, and it needs no list: each process names the folder itself.
 * At a regular end the test runner's own workers are spared: it is about to end them in good order.
 */
export function reap(folder: string, { spareWorkers = false } = {}): void {
  const containers = containersOf(folder);
  const cgroups = containers.flatMap(cgroupsOfContainer);
  const deadline = performance.now() + 5_000;
  // Again until nothing is left: the first pass may have missed what was just being forked.
  while (performance.now() < deadline) {
    const left = processesOf(folder).filter(({ parent }) => !spareWorkers || parent !== process.pid);
    const inside = membersOf(cgroups);
    if (left.length + inside.length === 0) break;
    for (const { pid, startTime } of left) signal(pid, startTime, 'SIGKILL');
    for (const pid of inside) signal(pid, startTimeOf(pid), 'SIGKILL');
    cgroups.forEach(thaw);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  cgroups.forEach(removeCgroup);
  for (const id of containers) rmSync(shimSocket(folder, id), { force: true });
  for (const mount of mountsUnder(folder)) spawnSync('umount', ['--lazy', mount]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Services that name the folder in an argument, and whatever carries its mark: workers and what they started. */
function processesOf(folder: string): ProcessEntry[] {
  const name = basename(folder);
  const mark = `${RUN_MARK}=${name}`;
  return allProcesses().filter(({ pid, argv: [file = '', ...args] }) =>
    SERVICES.test(basename(file))
      ? args.some(arg => arg.includes(name))
      : readOf(pid, 'environ').split('\0').includes(mark),
  );
}

function containersOf(folder: string): string[] {
  const directory = join(folder, 'data', 'containers');
  return existsSync(directory) ? readdirSync(directory).filter(id => /^[0-9a-f]{64}$/.test(id)) : [];
}

/** Where containerd's shim of a container listens: outside every folder, and left there by a SIGKILL. */
function shimSocket(folder: string, id: string): string {
  const address = join(folder, 'exec', 'containerd', 'containerd.sock', basename(folder), id);
  return `/run/containerd/s/${createHash('sha256').update(address).digest('hex')}`;
}

function mountsUnder(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
    .filter(path => path.startsWith(`${folder}/`))
    .reverse();
}
