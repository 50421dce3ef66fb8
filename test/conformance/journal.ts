import { beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../lib/ports/journal.js';

export interface JournalUnderTest {
  readonly journal: Journal;
  /** The same journal, as another process of this host has it open. */
  reopen(): Journal;
}

const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `0192f0c1-0000-7000-8000-${String(n).padStart(12, '0')}`);

/** What every {@link Journal} has to do. `open` gives an empty one each time. */
export function journalConformance(name: string, open: () => JournalUnderTest): void {
  describe(`${name} is a journal`, () => {
    let journal: Journal;
    let reopen: () => Journal;
    beforeEach(() => {
      ({ journal, reopen } = open());
    });

    it('is empty before anything was written', async () => {
      expect(await journal.read()).toEqual([]);
      expect(await journal.probe()).toEqual({ name: 'journal', ok: true });
    });

    it('tells what was written, oldest first, whatever the order of writing', async () => {
      const [first = '', second = '', third = ''] = ids(3);
      for (const id of [second, third, first]) await journal.append(id, `text of ${id}`);
      expect(await journal.read()).toEqual([first, second, third].map(id => ({ id, text: `text of ${id}` })));
    });

    it('shows to one process what another has written, and no longer shows what it has removed', async () => {
      const [kept = '', removed = ''] = ids(2);
      const other = reopen();
      await journal.append(kept, '1');
      await journal.append(removed, '2');
      expect(await other.read()).toHaveLength(2);
      await other.remove(removed);
      expect(await journal.read()).toEqual([{ id: kept, text: '1' }]);
      expect(await reopen().read()).toEqual([{ id: kept, text: '1' }]);
    });

    it('keeps an intent once that is written twice', async () => {
      const other = reopen();
      await Promise.all([journal.append('a', '{}'), other.append('a', '{}'), journal.append('a', '{}')]);
      await journal.append('a', '{}');
      expect(await journal.read()).toEqual([{ id: 'a', text: '{}' }]);
    });

    it('takes it for done to remove what is not there, or was removed', async () => {
      await journal.remove('a');
      await journal.append('a', '{}');
      await Promise.all([journal.remove('a'), reopen().remove('a')]);
      expect(await journal.read()).toEqual([]);
    });

    it('keeps 100 that are written at once, by two processes', async () => {
      const other = reopen();
      await Promise.all(ids(100).map((id, n) => (n % 2 ? journal : other).append(id, id)));
      expect(await journal.read()).toEqual(ids(100).map(id => ({ id, text: id })));
    });

    it.each(['', '\uFEFF{"a":"é 漢字 😀 \u0000\\ud800"}\r\n', 'x'.repeat(500_000)])(
      'keeps a text as it is: %#',
      async text => {
        await journal.append('a', text);
        expect(await journal.read()).toEqual([{ id: 'a', text }]);
      },
    );

    it.each(['', '.', '..', '../a', 'a/b', '/a', 'a.json', 'a b', 'a\n', 'ä', '-\0', 'a'.repeat(65)])(
      'refuses the ID %j, and does nothing',
      async id => {
        await expect(journal.append(id, '{}')).rejects.toThrow(TypeError);
        await expect(journal.remove(id)).rejects.toThrow(TypeError);
        expect(await journal.read()).toEqual([]);
      },
    );

    it.each(['a', '-', 'Z9', 'a'.repeat(64)])('takes the ID %j', async id => {
      await journal.append(id, '{}');
      expect(await journal.read()).toEqual([{ id, text: '{}' }]);
    });

    it('says how many wait', async () => {
      for (const id of ids(3)) await journal.append(id, '{}');
      expect(await journal.probe()).toEqual({
        name: 'journal',
        ok: true,
        detail: expect.stringMatching(/^3 /),
      });
    });
  });
}
