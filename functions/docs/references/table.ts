/** A word in code type, whatever stands in it. */
export const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);

/** An option or a variable; or a character that would be a mark or a tag. */
const MARK = /(?<![\w-])--?[a-z][\w-]*|\b[A-Z]+(?:_[A-Z]+)+\b|[\\*`_<[\]]/g;

/** A text without marks as Markdown, in which options and variables are code. */
export const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(MARK, found => (found.length > 1 ? code(found) : `\\${found}`));

/** Markdown on one line, in which nothing but code may hold what looks like a tag. */
export const prose = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/`[^`]*`|</g, found => (found === '<' ? '\\<' : found));

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** Nothing at all where there are no rows. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0 ? [] : [row(head), `|${head.map(() => '---|').join('')}`, ...rows.map(row), ''];
