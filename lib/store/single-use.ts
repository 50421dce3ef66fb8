import type { Records } from '../ports/records.js';

/**
 * Marks an ID as used, in one atomic step.
 * @returns `first`, `seen` before, or `unknown`: the store does not answer
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
