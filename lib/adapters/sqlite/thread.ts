import { Worker } from 'node:worker_threads';
import { KillswitchError } from '../../domain/errors.js';
import type { Clock } from '../../ports/runtime.js';
import type { Answer, Failure, Request, Start } from './messages.js';
import { monotonic } from './monotonic.js';
import type { Operations } from './operations.js';

/** Milliseconds between two restarts of a thread that ended by itself. */
const RESTART_AFTER = 1_000;
/** Milliseconds by which the thread gives up before its caller does, so that its reason is reported. */
const AHEAD = 25;
/** Extra milliseconds, beyond the deadline, for opening the file and migrating its schema. */
const OPENING = 500;

type Args<O extends keyof Operations> = Parameters<Operations[O]>;

/** The thread of the store, as its callers see it. */
export interface Thread {
  /**
   * Resolves when the file is open, or at the deadline: it is then opened once the disk answers. Rejects with
   * `store_unavailable` and a sentence for the operator if the file cannot be used; need not be awaited.
   */
  readonly opened: Promise<void>;
  /**
   * Runs one operation in a transaction of its own. Rejects with `store_unavailable` at the deadline, and at once while an
   * earlier call is overdue, so that nothing queues up behind a disk that does not answer. An operation that rejected at
   * the deadline may still take effect.
   */
  call<O extends keyof Operations>(operation: O, ...args: Args<O>): Promise<ReturnType<Operations[O]>>;
  /** Waits for calls in flight, within the deadline. */
  close(): Promise<void>;
}

interface Call {
  settle(answer: { readonly value?: unknown; readonly failure?: Failure }): void;
}

interface Options extends Start {
  readonly clock: Pick<Clock, 'now'>;
}

const unavailable = (cause?: string): KillswitchError =>
  new KillswitchError('store_unavailable', undefined, cause === undefined ? {} : { cause: new Error(cause) });

const errorOf = ({ code, message, cause }: Failure): Error =>
  code ? new KillswitchError(code, message, { cause: cause && new Error(cause) }) : new Error(message);

/**
 * Starts the thread, which opens the file. Calls may be made at once.
 */
export function startThread({ clock, ...start }: Options): Thread {
  const { deadlineMs } = start;
  const calls = new Map<number, Call>();
  const overdue = new Set<number>();
  let worker: Worker | undefined;
  let startedAt = Number.NEGATIVE_INFINITY;
  let lastId = 0;
  let closed = false;

  /** Keeps the process alive only while a call is in flight. */
  const updateRef = (): void => void (calls.size > 0 ? worker?.ref() : worker?.unref());

  function failAll(failure: Failure): void {
    overdue.clear();
    for (const call of [...calls.values()]) call.settle({ failure });
  }

  /** @param opened called when the file is open or cannot be; unused after a restart */
  function launch(opened: (failure?: Failure) => void = () => undefined): Worker {
    startedAt = monotonic();
    const launched = new Worker(new URL('./store-thread.js', import.meta.url), {
      workerData: start satisfies Start,
      name: 'killswitch store',
    });
    let refusal: Failure | undefined;
    launched.on('message', (answer: Answer) => {
      if (answer.state === 'opening') setTimeout(opened, deadlineMs + OPENING).unref();
      if (answer.state === 'open') opened();
      if (answer.state === 'refused') refusal = answer.failure;
      if (answer.state !== 'answered') return;
      overdue.delete(answer.id);
      calls.get(answer.id)?.settle(answer);
    });
    launched.on('error', error => {
      refusal = { code: 'store_unavailable', message: unavailable().message, cause: String(error) };
    });
    launched.on('exit', () => {
      const failure = refusal ?? { code: 'store_unavailable', message: unavailable().message };
      if (worker === launched) worker = undefined;
      opened(failure);
      failAll(failure);
    });
    return launched;
  }

  /** The thread, restarted if it has ended. */
  function running(): Worker {
    if (closed) throw unavailable('The store is closed.');
    if (worker) return worker;
    if (monotonic() - startedAt < RESTART_AFTER) throw unavailable('The thread has ended.');
    worker = launch();
    return worker;
  }

  function send(operation: keyof Operations, args: readonly unknown[]): Promise<unknown> {
    if (overdue.size > 0) throw unavailable('An earlier call is not answered.');
    const thread = running();
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        calls.delete(id);
        updateRef();
      };
      const giveUp = (): void => {
        if (!calls.has(id)) return;
        overdue.add(id);
        done();
        reject(unavailable('No answer within the deadline.'));
      };
      // Takes an answer that arrived while this thread was busy first.
      const timer = setTimeout(() => setImmediate(giveUp), deadlineMs);
      calls.set(id, {
        settle({ value, failure }) {
          done();
          if (failure) reject(errorOf(failure));
          else resolve(value);
        },
      });
      updateRef();
      const giveUpAt = monotonic() + Math.max(deadlineMs / 2, deadlineMs - AHEAD);
      thread.postMessage({ id, operation, args, now: clock.now(), giveUpAt } satisfies Request);
    });
  }

  const opened = new Promise<void>((resolve, reject) => {
    worker = launch(failure => (failure ? reject(errorOf(failure)) : resolve()));
  });
  opened.then(updateRef, () => undefined);

  return {
    opened,
    call: async (operation, ...args) => (await send(operation, args)) as never,
    async close() {
      closed = true;
      const ending = worker;
      if (!ending) return;
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, deadlineMs);
        ending.once('exit', () => {
          clearTimeout(timer);
          resolve();
        });
        ending.ref();
        ending.postMessage('close' satisfies Request);
      });
      if (worker !== ending) return;
      // The disk does not answer: neither this thread nor the process waits for it.
      void ending.terminate();
      ending.unref();
    },
  };
}
