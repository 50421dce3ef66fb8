import { Worker } from 'node:worker_threads';
import type { Log } from '../ports/runtime.js';

export interface WatchdogOptions {
  /** Milliseconds; 0: there is none. */
  readonly limitMs: number;
  readonly log: Log;
}

/** How often the watchdog looks within the limit. */
const LOOKS = 10;

/** What runs in the thread: as text, so that it needs no file of its own wherever the program is bundled to. */
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
  // The first process of a container is spared by its own signals, but not by a breakpoint without a debugger.
  setFlagsFromString('--allow-natives-syntax');
  new Function('%SystemBreak()')();
}

// Looks are counted, not time: while the whole process is stopped, or the machine sleeps, there are none.
const timer = setInterval(() => {
  const now = Atomics.load(seen, 0);
  still = now === last ? still + 1 : 0;
  last = now;
  if (still < looks) return;
  clearInterval(timer);
  // Standard error may be stuck too.
  setTimeout(end, 500);
  write(2, message, end);
}, everyMs);
`;

/**
 * A thread that ends this process, with a message on standard error, when the event loop stands still for longer than
 * the limit: a supervisor starts it again, while one that hangs would keep its port and stop nobody. A pause of the
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
    log.error({ err }, 'the watchdog ended: nothing sees whether the event loop hangs'),
  );
  return {
    close() {
      clearInterval(timer);
      return worker.terminate();
    },
  };
}
