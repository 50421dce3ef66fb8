import type { Command } from '../domain/command.js';
import type { Core } from '../ports/core.js';
import { withTimeout } from '../util/with-timeout.js';

/** Waits for the work, at most until the deadline for answers. What fails later can only be logged. */
export async function answerBy(
  { log }: Core,
  command: Command,
  { work, ms }: { work: Promise<void>; ms: number },
): Promise<void> {
  const first = await withTimeout(work, ms, () => 'late' as const);
  if (first !== 'late') return;
  work.catch((error: unknown) =>
    log.error({ err: error, operationId: command.operationId }, 'command failed late'),
  );
}
