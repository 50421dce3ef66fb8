import type { Journal } from '../../lib/ports/journal.js';
import type { Health } from '../../lib/ports/runtime.js';
import { type Faults, faulty } from './faults.js';

type Intent = Awaited<ReturnType<Journal['read']>>[number];

/** What each method answers. */
export interface JournalAnswers {
  append: undefined;
  read: readonly Intent[];
  remove: undefined;
  probe: Health;
}

export interface FakeJournal extends Journal {
  /** By ID. Two fakes that are given the same one are two processes on one host. */
  readonly memory: Map<string, string>;
  readonly faults: Faults<JournalAnswers>;
}

/** A journal in memory for tests. */
export function fakeJournal({ memory = new Map<string, string>() } = {}): FakeJournal {
  const { faults, through } = faulty<JournalAnswers>();
  const check = async (id: string): Promise<void> => {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new TypeError('The ID of an intent has another form.');
  };
  return {
    memory,
    faults,
    append: (id, text) => check(id).then(() => through('append', () => void memory.set(id, text))),
    read: () =>
      through('read', () =>
        [...memory].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, text]) => ({ id, text })),
      ),
    remove: id => check(id).then(() => through('remove', () => void memory.delete(id))),
    probe: () =>
      through('probe', () => ({
        name: 'journal',
        ok: true,
        ...(memory.size > 0 && { detail: `${memory.size} waiting to be carried out` }),
      })),
  };
}
