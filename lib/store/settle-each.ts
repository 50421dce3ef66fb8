import { isStoreDown } from '../domain/errors.js';

/**
 * Waits until all have settled.
 * @throws the error if one failed; AggregateError if several did; failures with `store_unavailable` only count when there
 *   are no others
 */
export async function settleEach(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const errors: unknown[] = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
  const unexpected = errors.filter(error => !isStoreDown(error));
  if (unexpected.length > 1)
    throw new AggregateError(unexpected, `${unexpected.length} of ${works.length} failed`);
  if (errors.length > 0) throw unexpected[0] ?? errors[0];
}
