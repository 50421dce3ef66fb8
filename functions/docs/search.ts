import MiniSearch from 'minisearch';
import type { Guide } from './library.js';

/** A section that was found. */
export interface Found {
  readonly guide: Guide;
  readonly heading: string;
  /** Path and fragment. */
  readonly path: string;
  /** Its text around the first match, split so that every second part is a match. */
  readonly excerpt: readonly string[];
}

/** @param question only its first six words are used */
export type Search = (question: string) => readonly Found[];

const MOST = 30;
/** Anyone may search, and a stop may be waiting: words within these limits take a few milliseconds. */
const MOST_WORDS = 6;
const LONGEST_WORD = 40;
const AROUND = 110;

const escaped = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|-]/g, '\\$&');

/** @param words the matches as they are spelled in the text, in lower case */
function excerptOf(text: string, words: readonly string[]): readonly string[] {
  const pattern = `(${words.map(escaped).join('|')})`;
  const at = Math.max(0, text.search(new RegExp(pattern, 'iu')));
  const from = at <= AROUND ? 0 : text.indexOf(' ', at - AROUND) + 1;
  const to = text.length - at <= AROUND ? text.length : at + AROUND;
  const piece = text.slice(Math.min(from, at), to);
  return `${from > 0 ? '… ' : ''}${piece}${to < text.length ? ' …' : ''}`.split(new RegExp(pattern, 'giu'));
}

const wordsIn = (question: string): string =>
  (question.match(/[\p{L}\p{N}]+/gu) ?? [])
    .slice(0, MOST_WORDS)
    .map(word => word.slice(0, LONGEST_WORD))
    .join(' ');

/** Finds sections that have every word of the question, or a word that starts with it or is spelled similarly. */
export async function createSearch(guides: readonly Guide[]): Promise<Search> {
  const sections = guides.flatMap(guide =>
    guide.sections.map(({ heading, text }) => ({ guide, heading, text })),
  );
  const index = new MiniSearch({
    fields: ['heading', 'title', 'text'],
    searchOptions: {
      boost: { heading: 4, title: 2 },
      combineWith: 'AND',
      // Explanations come before references.
      boostDocument: id => (sections[id]?.guide.slug.endsWith('-reference') ? 0.5 : 1),
      prefix: word => word.length > 2,
      fuzzy: word => (word.length > 4 && word.length < 20 ? 0.2 : false),
    },
  });
  // In batches, so that a stop gets a turn in between.
  await index.addAllAsync(
    sections.map(({ guide, heading, text }, id) => ({ id, title: guide.title, heading: heading.text, text })),
  );
  return question =>
    index
      .search(wordsIn(question))
      .slice(0, MOST)
      .flatMap(({ id, terms }) => {
        const section = sections[id as number];
        if (!section) return [];
        const { guide, heading, text } = section;
        const fragment = heading.level === 1 ? '' : `#${heading.anchor}`;
        return {
          guide,
          heading: heading.text,
          path: `/docs/${guide.slug}${fragment}`,
          excerpt: excerptOf(text, terms),
        };
      });
}
