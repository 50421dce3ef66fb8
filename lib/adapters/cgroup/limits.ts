import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ifPossible } from './files.js';

/** Files of version 2 that limit what is below a cgroup, and what stands in them where they limit nothing (cgroup-v2.rst). */
const LIMITS: Readonly<Record<string, RegExp>> = {
  'memory.max': /^max$/,
  'memory.high': /^max$/,
  'memory.swap.max': /^max$/,
  'cpu.max': /^max /,
  'pids.max': /^max$/,
  'cpuset.cpus': /^$/,
  'cpuset.mems': /^$/,
  'io.max': /^$/,
};

/** Whether the cgroup has limits of its own, which all below it share. */
export const isLimited = (directory: string): boolean =>
  Object.entries(LIMITS).some(([file, none]) => {
    const text = ifPossible(() => readFileSync(join(directory, file), 'utf8'));
    return text !== undefined && !none.test(text.trim());
  });

/** systemd stops a service or a session by killing what is in its cgroup: who leaves it outlives it. */
export const isUnit = (name: string): boolean => /\.(service|scope)$/.test(name);
