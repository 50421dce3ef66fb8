import type { Records } from '../ports/records.js';

/** The most items of one exchange with the store. */
const MOST = 1_000;

interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(reason: unknown): void;
}

/**
 * Batches single calls. Calls of the same tick go together, and calls made while an exchange is in flight form the
 * next one; a single call never waits for others to join it.
 * @param exchange resolves to the results in the order of the items; if it rejects, every call of the batch does
 */
export function batch<T, R>(
  exchange: (items: readonly T[]) => Promise<readonly R[]>,
): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  let busy = false;

  async function send(part: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await exchange(part.map(({ item }) => item));
      for (const [index, { resolve }] of part.entries()) resolve(results[index] as R);
    } catch (error) {
      for (const { reject } of part) reject(error);
    }
  }

  async function sendAll(): Promise<void> {
    busy = true;
    // Lets the other calls of this tick join.
    await undefined;
    while (waiting.length > 0) {
      const part = waiting.slice(0, MOST);
      waiting = waiting.slice(MOST);
      await send(part);
    }
    busy = false;
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!busy) void sendAll();
    });
}

/** Wraps records: single reads and commits that are made at the same time share one exchange with the store. */
export function batchRecords(records: Records): Records {
  const find = batch(async (agentIds: readonly string[]) => {
    const found = new Map((await records.agents(agentIds)).map(stored => [stored.agentId, stored]));
    return agentIds.map(agentId => found.get(agentId));
  });
  const commit = batch((steps: Parameters<Records['commit']>[0]) => records.commit(steps));
  return {
    ...records,
    async agents(agentIds) {
      const found = await Promise.all(agentIds.map(find));
      return found.filter(stored => stored !== undefined);
    },
    commit: steps => Promise.all(steps.map(commit)),
  };
}
