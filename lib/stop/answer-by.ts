import type { Command } from '../domain/command.js';
import type { Core } from '../ports/core.js';

/** Waits for the work, at most until the deadline for answers. What fails later can only be logged. */
export async function answerBy(
  { log }: Core,
  command: Command,
  { work, ms }: { work: Promise<void>; ms: number },
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  const first = await Promise.race([work, late]).finally(() => clearTimeout(timer));
  if (first !== 'late') return;
  work.catch((error: unknown) =>
    log.error({ err: error, operationId: command.operationId }, 'command failed late'),
  );
}
