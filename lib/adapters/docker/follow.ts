import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../ports/runtime.js';
import { backoff } from '../../util/backoff.js';
import type { Engine } from './engine.js';
import type { EngineEvent } from './events.js';
import type { ContainerMap, Known } from './map.js';
import { mayRun } from './states.js';

export interface FollowerOptions {
  readonly engine: Engine;
  /** Opens the engine's stream of events from a moment on, in epoch milliseconds. */
  readonly open: (since: number, signal: AbortSignal) => Promise<AsyncIterable<EngineEvent>>;
  readonly map: ContainerMap;
  readonly label: string;
  /** Milliseconds between two lists that correct what the stream may have missed. */
  readonly refreshMs: number;
  /** Called for each container that was started or found running. */
  readonly onRunning: (container: Known) => void;
  /** Called for each container that is to be inspected (again). */
  readonly onUnclear: (container: Known) => void;
  readonly log: Log;
}

/** Keeps the map up to date. */
export interface Follower {
  /** Whether the map holds all that carries the label: it was listed, and the stream is open since before that. */
  isLive(): boolean;
  /** Lists all that carries the label. Rejects with an `EngineError`. */
  refresh(): Promise<void>;
  close(): void;
}

const RETRY = { firstMs: 50, longestMs: 5_000 };
/** A connection that lasted so long does not count as one more failure. */
const LASTED_MS = 10_000;
/** Milliseconds by which the stream may report a container later than a list has it. */
const LATEST_EVENT_MS = 1000;
const STARTS: ReadonlySet<string> = new Set(['start', 'restart', 'unpause']);

/** Follows the engine from now on; retries until it is there, and again whenever the connection broke off. */
export function openFollower(options: FollowerOptions): Follower {
  const { engine, open, map, label, refreshMs, onRunning, onUnclear, log } = options;
  const closing = new AbortController();
  let since = Date.now();
  let live: AbortController | undefined;
  let failures = 0;

  const list = async (): Promise<void> => {
    const connection = live;
    const turn = map.turn();
    const found = await engine.list(label);
    const missed = map.merge(found, { turn, isFirst: connection === undefined });
    missed.forEach(onRunning);
    map
      .all()
      .filter(({ state, restarts }) => mayRun(state) && restarts === undefined)
      .forEach(onUnclear);
    if (connection !== undefined && missed.length > 0) void suspect(connection, missed);
  };

  /** Closes a stream that does not report what a list has shown. */
  const suspect = async (connection: AbortController, missed: readonly Known[]): Promise<void> => {
    const before = missed.map(({ events }) => events);
    await delay(LATEST_EVENT_MS, undefined, { ref: false });
    const isStalled = missed.some(({ events }, index) => events === before[index]);
    if (isStalled) connection.abort(new Error('The event stream did not report a container'));
  };

  const take = (event: EngineEvent): void => {
    since = Math.max(since, event.at);
    const container = map.apply(event);
    if (container === undefined) return;
    if (STARTS.has(event.action)) onRunning(container);
    if (event.action === 'update') onUnclear(container);
  };

  /** Lasts until the connection breaks off; rejects then. */
  const follow = async (connection: AbortController): Promise<void> => {
    const events = await open(since, connection.signal).catch(async (error: unknown) => {
      // Perhaps only the stream is not available.
      await list().catch(() => undefined);
      throw error;
    });
    const listed = async (): Promise<void> => {
      await list();
      if (connection.signal.aborted) return;
      if (failures > 0) log.info({}, 'the event stream of the engine is back');
      live = connection;
    };
    listed().catch((error: unknown) => connection.abort(error));
    for await (const event of events) take(event);
    throw new Error('The engine ended its event stream');
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const connection = new AbortController();
      const opened = performance.now();
      const end = (): void => connection.abort();
      closing.signal.addEventListener('abort', end, { once: true });
      const failure = await follow(connection).catch((error: unknown) =>
        connection.signal.aborted ? connection.signal.reason : error,
      );
      closing.signal.removeEventListener('abort', end);
      live = undefined;
      connection.abort();
      if (closing.signal.aborted) return;
      if (performance.now() - opened > LASTED_MS) failures = 0;
      if (failures === 0) log.warn({ err: failure }, 'the event stream of the engine broke off');
      const pause = backoff(failures, RETRY);
      failures += 1;
      await delay(pause, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);
    }
  };

  /** An engine that is frozen keeps its connections open. */
  const check = (): void => {
    const connection = live;
    if (connection !== undefined) list().catch((error: unknown) => connection.abort(error));
  };
  const timer = setInterval(check, refreshMs).unref();
  void run();

  return {
    isLive: () => live !== undefined && !live.signal.aborted,
    refresh: list,
    close() {
      clearInterval(timer);
      closing.abort();
    },
  };
}
