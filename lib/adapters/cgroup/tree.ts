import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from './files.js';

/** Links to a directory with nothing below it: its name and its own `.`. File systems that count otherwise say 1. */
const LEAF = 2;

/** A cgroup's directory and all those below it; none if it is gone. */
export function treeOf(directory: string): readonly string[] {
  // Most have none below, and their dozens of files take ten times as long to list.
  const links = unlessGone(() => statSync(directory).nlink);
  if (links === undefined) return [];
  if (links === LEAF) return [directory];
  const entries = unlessGone(() => readdirSync(directory, { withFileTypes: true }));
  if (entries === undefined) return [];
  return [
    directory,
    ...entries.filter(entry => entry.isDirectory()).flatMap(({ name }) => treeOf(join(directory, name))),
  ];
}

/**
 * PIDs in these cgroups. No zombie is among them: the kernel lists a process as long as one of its threads lives, its
 * first or another, in both versions (seen on Linux 6.18). 0 stands for one that our PID namespace does not show.
 */
export function membersOf(directories: readonly string[]): readonly number[] {
  const texts = directories.map(directory => unlessGone(() => readMembers(directory)) ?? '');
  return texts.flatMap(text => text.split('\n').filter(Boolean).map(Number));
}

function readMembers(directory: string): string {
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'utf8');
  } catch (error) {
    // A threaded cgroup, whose processes are listed further up (cgroups(7)).
    if (error instanceof Error && 'code' in error && error.code === 'ENOTSUP') return '';
    throw error;
  }
}
