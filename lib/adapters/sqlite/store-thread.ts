import { parentPort, workerData } from 'node:worker_threads';
import { KillswitchError } from '../../domain/errors.js';
import { type Connection, connect } from './connection.js';
import { tellingWhy } from './file.js';
import { type Answer, DISK, type Failure, type Request, type Start } from './messages.js';
import { kindOf, type Operations, prepareOperations } from './operations.js';

/**
 * The thread of the embedded store, so that nothing else in the process waits for an fsync. Started by thread.ts; bundled
 * into a file of its own.
 */

const { path, deadlineMs, disk } = workerData as Start;
const say = (answer: Answer): void => parentPort?.postMessage(answer);

let now = 0;
const clock = { now: () => now };

function beforeCommit(): void {
  if (!disk) return;
  if (Atomics.load(disk, 0) === DISK.crashes) process.exit();
  Atomics.wait(disk, 0, DISK.hangs);
}

function failureOf(error: unknown): Failure {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return {
    message,
    ...(error instanceof KillswitchError && { code: 'store_unavailable' }),
    ...(cause instanceof Error && { cause: cause.message }),
  };
}

async function answer(
  { connection, operations }: { connection: Connection; operations: Operations },
  { id, operation, args, giveUpAt }: Exclude<Request, 'close'>,
): Promise<void> {
  const work = operations[operation] as (...given: readonly unknown[]) => unknown;
  try {
    const value = await connection.transaction(kindOf(operation), giveUpAt, () => work(...args));
    say({ state: 'answered', id, value });
  } catch (error) {
    say({ state: 'answered', id, failure: failureOf(error) });
  }
}

function serve(): void {
  const connection = connect({ path, deadlineMs, beforeCommit });
  const store = { connection, operations: prepareOperations(connection, clock) };
  parentPort?.on('message', (request: Request) => {
    if (request === 'close') {
      connection.close();
      parentPort?.close();
      return;
    }
    ({ now } = request);
    void answer(store, request);
  });
}

say({ state: 'opening' });
try {
  tellingWhy(serve);
  say({ state: 'open' });
} catch (error) {
  say({ state: 'refused', failure: failureOf(error) });
}
