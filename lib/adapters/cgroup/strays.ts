import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay, setImmediate as endOfTick } from 'node:timers/promises';
import { ifPossible } from './files.js';
import { idInName } from './named.js';
import { namesOf } from './paths.js';
import type { Proc } from './proc.js';
import { identityOf } from './root.js';

export interface StrayHost {
  readonly proc: Proc;
  readonly procRoot: string;
}

interface Stray {
  readonly id: string;
  readonly pid: number;
  readonly startTime: number;
}

/** How often it scans again; what still forks then, or may not be signalled, is reported. */
const ROUNDS = 60;
/** Milliseconds between two looks, and of work before others get their turn. */
const PAUSE = 10;
const SLICE = 4;

/**
 * Kills what has left the cgroup of a container and still stands in its root file system: a privileged container that
 * shares the host's PIDs can have such. Answers with the IDs of which something is still seen.
 * @param roots what the root file system of each is known by
 */
export async function killStrays(
  host: StrayHost,
  roots: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> {
  const { proc } = host;
  // A PID of another namespace would be another process here.
  if (roots.size === 0 || proc.self !== process.pid) return new Set();
  const spared = new Set(proc.untouchable());
  const isLeft = ({ pid, startTime }: Stray): boolean =>
    proc.startTimeOf(pid) === startTime && !proc.isZombie(pid);
  let left: readonly Stray[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round > 0) await delay(PAUSE);
    // One that is about to end has no namespace any more, and has not ended yet.
    const ending = left.filter(isLeft);
    const found = (await look(host, roots)).filter(({ pid }) => !spared.has(pid));
    left = [...found, ...ending.filter(({ pid }) => !found.some(other => other.pid === pid))];
    if (left.length === 0) break;
    for (const { pid, startTime } of left) {
      // The PID may be another process's by now.
      if (proc.startTimeOf(pid) === startTime) ifPossible(() => process.kill(pid, 'SIGKILL'));
    }
  }
  return new Set(left.map(({ id }) => id));
}

async function look({ proc, procRoot }: StrayHost, roots: ReadonlyMap<string, string>): Promise<Stray[]> {
  const byRoot = new Map([...roots].map(([id, root]) => [root, id]));
  const namespaceOf = (pid: number | 'self'): string | undefined =>
    ifPossible(() => readlinkSync(`${procRoot}/${pid}/ns/mnt`));
  const common = new Set([namespaceOf('self'), namespaceOf(1), undefined]);
  const members = new Map<string, number[]>();
  const owners = new Map<string, string>();
  let begun = performance.now();
  for (const name of ifPossible(() => readdirSync(procRoot)) ?? []) {
    if (!/^\d+$/.test(name)) continue;
    if (performance.now() - begun > SLICE) {
      await endOfTick();
      begun = performance.now();
    }
    const pid = Number(name);
    const namespace = namespaceOf(pid);
    if (namespace === undefined || common.has(namespace)) continue;
    members.set(namespace, [...(members.get(namespace) ?? []), pid]);
    if (owners.has(namespace)) continue;
    const identity = identityOf(ifPossible(() => readFileSync(`${procRoot}/${pid}/mountinfo`, 'utf8')) ?? '');
    const id = identity === undefined ? undefined : byRoot.get(identity);
    if (id !== undefined) owners.set(namespace, id);
  }
  return [...owners].flatMap(([namespace, id]) =>
    (members.get(namespace) ?? []).flatMap(pid => {
      const startTime = proc.startTimeOf(pid);
      const isGone = startTime === undefined || proc.isZombie(pid) || isOfAnother(proc, pid, id);
      return isGone ? [] : [{ id, pid, startTime }];
    }),
  );
}

/** What is in another container's cgroup is that one's, whatever file system it looks at. */
const isOfAnother = (proc: Proc, pid: number, id: string): boolean =>
  (proc.membershipsOf(pid) ?? []).some(({ path }) =>
    namesOf(path).some(name => {
      const named = idInName(name);
      return named !== undefined && named !== id;
    }),
  );
