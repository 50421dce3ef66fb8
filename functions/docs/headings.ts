import type { Token } from 'markdown-it';

export interface Heading {
  readonly level: number;
  /** The fragment of its URL. */
  readonly anchor: string;
  readonly text: string;
}

/** The part of a guide under one heading; the unit that a search finds. */
export interface Section {
  readonly heading: Heading;
  /** Plain text. */
  readonly text: string;
}

/** Made like GitHub's anchors, so that a link to a section works there too. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** The visible text of an inline token. */
export const textOf = (token: Token | undefined): string =>
  (token?.children ?? [])
    .map(({ type, content }) => (type === 'softbreak' || type === 'hardbreak' ? ' ' : content))
    .join('');

/** Gives each heading its anchor; a repeated name gets a number. */
export function nameHeadings(tokens: readonly Token[]): Heading[] {
  const uses = new Map<string, number>();
  return tokens.flatMap((token, at) => {
    if (token.type !== 'heading_open') return [];
    const text = textOf(tokens[at + 1]);
    const name = anchorOf(text);
    const before = uses.get(name) ?? 0;
    uses.set(name, before + 1);
    const anchor = before === 0 ? name : `${name}-${before}`;
    token.attrSet('id', anchor);
    return [{ level: Number(token.tag.slice(1)), anchor, text }];
  });
}

/** The text below each heading. A guide begins with a heading, so nothing is left out. */
export function sectionsOf(tokens: readonly Token[], headings: readonly Heading[]): Section[] {
  const parts: string[][] = [];
  tokens.forEach(({ type, content }, at) => {
    if (type === 'heading_open') parts.push([]);
    if (type === 'inline' && tokens[at - 1]?.type !== 'heading_open') parts.at(-1)?.push(textOf(tokens[at]));
    if (type === 'fence' || type === 'code_block') parts.at(-1)?.push(content.trim());
  });
  return headings.map((heading, index) => ({
    heading,
    text: (parts[index] ?? []).join(' ').replaceAll(/\s+/g, ' '),
  }));
}
