import type { Records } from '../ports/records.js';

/** What one exchange with the store takes at the most. */
const MOST = 1_000;

interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(reason: unknown): void;
}

/**
 * Joins what is asked for one by one while an exchange is under way into the next one. Nobody waits for others to
 * come: who is alone goes at once, and the more there are, the more go together.
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
    // Whoever asks in the same turn comes along.
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

/** The same records, for callers that read and commit one agent each, many at a time. */
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
