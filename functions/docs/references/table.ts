/** A text as inline code, even if it contains a backquote. */
export const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);

/** An option, a variable, or a character with a meaning in Markdown. */
const MARK = /(?<![\w-])--?[a-z][\w-]*|\b[A-Z]+(?:_[A-Z]+)+\b|[\\*`_<[\]]/g;

/** Plain text as Markdown, with options and variables as code. */
export const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(MARK, found => (found.length > 1 ? code(found) : `\\${found}`));

/** Markdown on one line, with `<` escaped outside of code. */
export const prose = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/`[^`]*`|</g, found => (found === '<' ? '\\<' : found));

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** A Markdown table; nothing if there are no rows. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0 ? [] : [row(head), `|${head.map(() => '---|').join('')}`, ...rows.map(row), ''];
