import type { AuditLog } from '../../ports/audit.js';
import type { Records, StepResult } from '../../ports/records.js';
import { chunks } from '../../util/chunks.js';
import { encode } from './encode.js';
import type { Keyspace } from './keys.js';
import type { Link } from './link.js';
import { loadScript, type Script, type ScriptCall } from './script.js';
import { isAboutStop, isOfStop } from './urgency.js';

/** One script call blocks the server for about 20 µs a step. */
const PER_CALL = 25;
const PER_EXCHANGE = 1_000;

/** By the integers that lua/commit.lua returns. */
const RESULTS: readonly StepResult[] = ['committed', 'conflict', 'tombstoned'];

export interface Committer extends Pick<Records, 'commit'>, Pick<AuditLog, 'append'> {
  /** Rejects if the server would refuse a commit. Writes nothing. */
  probe(): Promise<void>;
}

export function createCommitter(link: Link, keys: Keyspace): Committer {
  const file = new URL('./lua/commit.lua', import.meta.url);
  const stopping = loadScript(file, { allowOom: true });
  const ordinary = loadScript(file, { allowOom: false });
  const scriptFor = (urgent: boolean): Script => (urgent ? stopping : ordinary);

  /** Encodes each batch only when it is about to be sent. */
  function* calls<T>(part: readonly T[], call: (batch: readonly T[]) => ScriptCall): Generator<ScriptCall> {
    for (const batch of chunks(part, PER_CALL)) yield call(batch);
  }

  return {
    async commit(steps) {
      const results: StepResult[] = [];
      for (const part of alike(steps, isOfStop)) {
        const run = scriptFor(part.is);
        const batches = calls(part.items, batch => encode(keys, batch));
        const answers = await link.call(client => run(client, batches));
        for (const code of (answers as readonly number[][]).flat()) results.push(RESULTS[code] as StepResult);
      }
      return results;
    },
    async append(entries) {
      for (const part of alike(entries, isAboutStop)) {
        const run = scriptFor(part.is);
        const batches = calls(part.items, batch => encode(keys, [], batch));
        await link.call(client => run(client, batches));
      }
    },
    async probe() {
      await link.call(client => stopping(client, [encode(keys, [])]));
    },
  };
}

/** Splits a list into runs with the same answer, each of at most one exchange; keeps the order. */
function* alike<T>(list: readonly T[], is: (item: T) => boolean): Generator<{ is: boolean; items: T[] }> {
  let part: { is: boolean; items: T[] } | undefined;
  for (const item of list) {
    const answer = is(item);
    if (part && (part.is !== answer || part.items.length === PER_EXCHANGE)) {
      yield part;
      part = undefined;
    }
    part ??= { is: answer, items: [] };
    part.items.push(item);
  }
  if (part) yield part;
}
