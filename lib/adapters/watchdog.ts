import { Worker } from 'node:worker_threads';
import type { Log } from '../ports/runtime.js';

export interface WatchdogOptions {
  /** Milliseconds; 0: there is none. */
  readonly limitMs: number;
  readonly log: Log;
}

/** Checks within the limit. */
const LOOKS = 10;

/** The code of the thread, as text, so that bundling needs no separate file for it. */
const THREAD = `
const { workerData } = require('node:worker_threads');
const { write } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { beats, everyMs, looks, message } = workerData;
const seen = new Int32Array(beats);
let last = -1;
let still = 0;

function end() {
  process.kill(process.pid, 'SIGKILL');
  // PID 1 of a container ignores its own SIGKILL, but not a breakpoint without a debugger.
  setFlagsFromString('--allow-natives-syntax');
  new Function('%SystemBreak()')();
}

// Counts checks, not time: there are none while the whole process is stopped or the machine sleeps.
const timer = setInterval(() => {
  const now = Atomics.load(seen, 0);
  still = now === last ? still + 1 : 0;
  last = now;
  if (still < looks) return;
  clearInterval(timer);
  // Standard error may be blocked too.
  setTimeout(end, 500);
  write(2, message, end);
}, everyMs);
`;

/**
 * Starts a thread that ends this process, with a message on standard error, when the event loop is blocked for longer than
 * the limit: a supervisor then restarts it, while a hanging process would keep its port and stop no agent. A pause of the
 * whole process does not count. Does not keep the process alive.
 */
export function openWatchdog({ limitMs, log }: WatchdogOptions): { close(): Promise<unknown> } {
  if (limitMs === 0) return { close: async () => undefined };
  const everyMs = limitMs / LOOKS;
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const count = new Int32Array(beats);
  const timer = setInterval(() => Atomics.add(count, 0, 1), everyMs / 2).unref();
  const message = `killswitch: the event loop stood still for ${limitMs / 1_000} s: the process ends itself\n`;
  const worker = new Worker(THREAD, {
    ...{ eval: true, env: {}, execArgv: [], workerData: { beats, everyMs, looks: LOOKS, message } },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  worker.unref();
  worker.on('error', err =>
    log.error({ err }, 'the watchdog thread ended: a blocked event loop goes unnoticed until a restart'),
  );
  return {
    close() {
      clearInterval(timer);
      return worker.terminate();
    },
  };
}
