import MarkdownIt, { type Token } from 'markdown-it';
import { type Heading, nameHeadings, type Section, sectionsOf, textOf } from './headings.js';

export interface Rendered {
  readonly title: string;
  /** The first paragraph, as text. */
  readonly summary: string;
  readonly html: string;
  readonly headings: readonly Heading[];
  readonly sections: readonly Section[];
}

/** Maps the target of a link or picture to its path on the server; `undefined` if the server does not have it. */
export type Resolve = (target: string) => string | undefined;

/** Raw HTML is shown as text, and URLs such as `javascript:` do not become links (a default of the library). */
const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
markdown.renderer.rules['table_open'] = () => '<div class="table"><table>\n';
markdown.renderer.rules['table_close'] = () => '</table></div>\n';

/** Adds the column name to each cell, because narrow screens show a table as a list. */
function nameCells(tokens: readonly Token[]): void {
  let names: string[] = [];
  let column = 0;
  tokens.forEach((token, at) => {
    if (token.type === 'table_open') names = [];
    if (token.type === 'tr_open') column = 0;
    if (token.type === 'th_open') names.push(textOf(tokens[at + 1]));
    if (token.type === 'td_open') token.attrSet('data-label', names[column++] ?? '');
  });
}

const toText = (token: Token, content: string): unknown => Object.assign(token, { type: 'text', content });

/** Links and pictures that the server does not have become plain text. */
function resolveLinks(tokens: readonly Token[], resolve: Resolve): void {
  for (const { children } of tokens) {
    let isDead = false;
    for (const token of children ?? []) {
      const { type } = token;
      if (type === 'image') {
        const source = resolve(String(token.attrGet('src')));
        // A picture from another server would tell it who reads this.
        if (source?.startsWith('/')) token.attrSet('src', source);
        else toText(token, token.content);
      }
      if (type === 'link_open') {
        const target = resolve(String(token.attrGet('href')));
        isDead = target === undefined;
        if (target !== undefined) token.attrSet('href', target);
      }
      if (isDead && (type === 'link_open' || type === 'link_close')) toText(token, '');
    }
  }
}

/** @param source Markdown that begins with its title, `# …` */
export function render(source: string, resolve: Resolve): Rendered {
  const env = {};
  const tokens = markdown.parse(source, env);
  const headings = nameHeadings(tokens);
  nameCells(tokens);
  resolveLinks(tokens, resolve);
  const paragraph = tokens.findIndex(({ type }) => type === 'paragraph_open');
  return {
    title: headings[0]?.text ?? '',
    summary: textOf(tokens[paragraph + 1]),
    html: markdown.renderer.render(tokens, markdown.options, env),
    headings,
    sections: sectionsOf(tokens, headings),
  };
}
