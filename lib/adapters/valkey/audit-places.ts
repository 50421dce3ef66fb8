import { type Id, isAfter, msOf } from './audit-index.js';

/** Of a stream. */
export type Element = readonly [id: Id, fields: readonly string[]];

/** A range of the audit, both ends included. */
export interface EntryRange {
  readonly first: Id;
  readonly last: Id;
}

/** The range that an element of a bucket names, as lua/commit.lua writes it; none if it is about another subject. */
export function placeOf([id, fields]: Element, isMeant: (of: string) => boolean): EntryRange[] {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  const whole = (part: string): Id => (part.includes('-') ? part : `${msOf(id)}-${part}`);
  return isMeant(field('of')) ? [{ first: whole(field('from')), last: whole(field('to')) }] : [];
}

type Pages = AsyncGenerator<readonly EntryRange[] | undefined>;

/**
 * Merges sorted ranges of several sources; ranges of different sources never overlap. Yields `undefined` as soon as a source
 * does.
 */
export async function* mergeSorted(sources: readonly Pages[]): Pages {
  const open = sources.map(pages => ({ pages, waiting: [] as EntryRange[], isDone: false }));
  for (;;) {
    for (const one of open) {
      while (one.waiting.length === 0 && !one.isDone) {
        const { done = false, value } = await one.pages.next();
        if (!done && !value) return yield undefined;
        one.isDone = done;
        one.waiting = [...(value ?? [])];
      }
    }
    // Only up to where every unfinished source has been read.
    const bounds = open.flatMap(({ waiting, isDone }) => (isDone ? [] : (waiting.at(-1)?.first ?? [])));
    const bound = bounds.reduce<Id | undefined>(
      (least, id) => (least === undefined || isAfter(least, id) ? id : least),
      undefined,
    );
    const ready: EntryRange[] = [];
    for (const one of open) {
      const isLater = ({ first }: EntryRange): boolean => bound !== undefined && isAfter(first, bound);
      ready.push(...one.waiting.filter(place => !isLater(place)));
      one.waiting = one.waiting.filter(isLater);
    }
    if (ready.length === 0) return;
    yield ready.sort((a, b) => (isAfter(a.first, b.first) ? 1 : -1));
  }
}
