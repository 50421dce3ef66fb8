import { isAlive } from '../services/proc.js';
import { now } from './measure.js';
import type { Watched, WatcherMessage } from './watch.js';

/** The process that looks. One at a time: when the last has died, all have, whichever order they went in. */
const PAUSE_MS = 0.2;
const PATIENCE_MS = 60_000;

const nobody = new Int32Array(new SharedArrayBuffer(4));
const tell = (told: WatcherMessage): void => void process.send?.(told);

process.on('message', (watched: Watched) => {
  // Sent only when the next turn comes, which must not wait for the deaths.
  tell({ watching: true });
  setImmediate(() => setImmediate(() => tell(untilDead(watched))));
});
process.on('disconnect', () => process.exit());
tell({ watching: true });

function untilDead(watched: Watched): WatcherMessage {
  const deadline = now() + PATIENCE_MS;
  for (const [pid, startTime] of watched) {
    while (isAlive(pid, startTime)) {
      if (now() > deadline) return { left: pid };
      Atomics.wait(nobody, 0, 0, PAUSE_MS);
    }
  }
  return { diedAt: now() };
}
