import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** Two paths that take turns: what stands at `path`, and a link to `bait`. */
export interface Swap {
  readonly path: string;
  readonly bait: string;
}

/**
 * Runs in a thread of its own, so that it goes on in the midst of every call of the other one. It moves what stands at
 * the path aside, puts a link there, and back again, as fast as the kernel lets it.
 */
const ATTACKER = `
const { workerData } = require('node:worker_threads');
const fs = require('node:fs');
const { flags, swap: { path, bait } } = workerData;
const attempt = (call, ...args) => { try { fs[call](...args); return true; } catch { return false; } };
// Both stand for a while, or there would mostly be nothing.
const hold = () => { const end = performance.now() + Math.random() * 0.15; while (performance.now() < end); };
while (Atomics.load(flags, 0) === 0) {
  hold();
  if (attempt('renameSync', path, path + '.aside')) Atomics.add(flags, 1, 1);
  if (attempt('symlinkSync', bait, path)) hold();
  attempt('unlinkSync', path);
  attempt('renameSync', path + '.aside', path);
}
`;

export interface Attack {
  /** Ends it, and resolves with how often it swapped. */
  stop(): Promise<number>;
}

export async function startSwapping(swap: Swap): Promise<Attack> {
  const flags = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(ATTACKER, { eval: true, workerData: { flags, swap } });
  while (Atomics.load(flags, 1) === 0) await setImmediate();
  return {
    async stop() {
      const ended = new Promise(resolve => worker.once('exit', resolve));
      Atomics.store(flags, 0, 1);
      await ended;
      return Atomics.load(flags, 1);
    },
  };
}
