import { afterAll } from 'vitest';

const endings: (() => unknown)[] = [];

/** Registers what ends something that a test file started; it runs after the file, last registered first. */
export function afterFile(ending: () => unknown): void {
  endings.push(ending);
}

/** Ends all of it. The tests do so by themselves. */
export async function endAll(): Promise<void> {
  const results = await Promise.allSettled(
    endings
      .splice(0)
      .reverse()
      .map(async ending => ending()),
  );
  const failed = results.filter(result => result.status === 'rejected').map(({ reason }) => reason);
  if (failed.length > 0)
    throw new AggregateError(failed, 'Something that a test started could not be ended.');
}

if (process.env['VITEST'] !== undefined) afterAll(endAll);
