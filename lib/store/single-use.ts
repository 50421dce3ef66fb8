import type { Records } from '../ports/records.js';

/**
 * Marks an ID as used for some seconds, in one atomic step. Never rejects.
 * @returns `first`: it was unused; `seen`: it was used before; `unknown`: the store does not answer
 */
export async function markUsed(
  records: Records,
  id: string,
  ttlSeconds: number,
): Promise<'first' | 'seen' | 'unknown'> {
  const document = { kind: 'memory', id } as const;
  try {
    const [result] = await records.commit([{ document, expect: null, next: '1', ttlSeconds, audit: [] }]);
    return result === 'committed' ? 'first' : 'seen';
  } catch {
    return 'unknown';
  }
}
