import { jitter } from './backoff.js';

/** Polls without overlap; does not keep the process alive. */
export interface Poller {
  start(): void;
  /** Polls soon, because there may be something to do. Cheap: any number of calls make one poll. */
  wake(): void;
  /** Stops polling, and waits for the poll in flight. */
  close(): Promise<void>;
}

interface Options {
  readonly clock: { monotonic(): number };
  /** Must not reject. */
  readonly poll: () => Promise<void>;
  /** Milliseconds between two polls, with jitter of a quarter. */
  readonly interval: number;
  /** Milliseconds from `wake` to the poll. */
  readonly afterWake: number;
  /** Debounce: a poll waits for this many milliseconds without a `wake`, at most `interval` in all. Default 0. */
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
