import { isStoreDown } from '../domain/errors.js';

/**
 * Waits for all of them, whatever becomes of the others.
 * @throws what the only one failed with; AggregateError of all failures; `store_unavailable` if all failed for that
 */
export async function settleEach(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const errors: unknown[] = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
  const telling = errors.filter(error => !isStoreDown(error));
  if (telling.length > 1) throw new AggregateError(telling, `${telling.length} of ${works.length} failed`);
  if (errors.length > 0) throw telling[0] ?? errors[0];
}
