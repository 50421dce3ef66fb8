import { jitter } from './backoff.js';

/** One look after another, never two at once, of a process that it keeps neither alive nor busy. */
export interface Poller {
  start(): void;
  /** There may be something to do. Costs nothing: the look comes a moment later. */
  wake(): void;
  /** Waits for the look that is under way. */
  close(): Promise<void>;
}

interface Options {
  readonly clock: { monotonic(): number };
  /** Must not reject. */
  readonly poll: () => Promise<void>;
  /** Milliseconds between two looks, about. */
  readonly interval: number;
  /** Milliseconds from `wake` to the look. */
  readonly afterWake: number;
  /** Milliseconds without a `wake` that a look waits for, no longer than `interval` though; none if absent. */
  readonly quiet?: number;
}

export function createPoller({ clock, poll, interval, afterWake, quiet = 0 }: Options): Poller {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let woken = false;
  let heldBack = 0;

  function schedule(ms: number): void {
    if (closed || clock.monotonic() + ms >= dueAt) return;
    clearTimeout(timer);
    dueAt = clock.monotonic() + ms;
    timer = setTimeout(run, ms);
    timer.unref?.();
  }

  function run(): void {
    dueAt = Number.POSITIVE_INFINITY;
    if (running) {
      again = true;
      return;
    }
    if (quiet > 0 && woken && heldBack < interval) {
      woken = false;
      heldBack += quiet;
      schedule(quiet);
      return;
    }
    heldBack = 0;
    running = poll().finally(() => {
      running = undefined;
      schedule(again ? 0 : jitter(interval));
      again = false;
    });
  }

  return {
    start: () => schedule(0),
    wake() {
      woken = true;
      schedule(afterWake);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
