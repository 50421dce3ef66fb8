/**
 * Finds the lines of a GitHub comment that GitHub shows as its author's own plain text: not code, a quote, a list, an HTML
 * comment or folded away. Only lines that begin in the first column matter, so no full parser is needed, which would not
 * fit the edge; a doubtful line does not count.
 * Source: CommonMark 0.31.2 and the GitHub Flavored Markdown Spec 0.29
 */
export interface Line {
  readonly text: string;
  /** What it is part of, such as `a code block`; absent: it is plain text. */
  readonly within?: string;
}

const FENCE = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/;
const FENCE_OF_ITEM = /^\s*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)+(?:(`{3,})[^`]*|(~{3,}).*)$/;
/** An indented line may continue a list item. */
const CONTAINER = /^(?:\s+\S|>|(?:[-+*]|\d{1,9}[.)])(?:\s|$))/m;
/** Elements whose content GitHub folds away, or shows as code, as a quote, or crossed out. */
const ELEMENT =
  /<(\/?)(details|summary|blockquote|q|cite|pre|code|samp|kbd|tt|var|s(?:trike)?|del|table|ul|ol|dl|script|style|textarea|title|xmp|iframe|noembed|noframes|plaintext|template)(?=[\s/>]|$)/gi;
/** HTML blocks: the line that begins one and the line that ends it. CommonMark 4.6, kinds 1 to 5. */
const HTML: readonly (readonly [RegExp, RegExp])[] = [
  [/^ {0,3}<(?:pre|script|style|textarea)(?:[\s>]|$)/i, /<\/(?:pre|script|style|textarea)>/i],
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<\?/, /\?>/],
  [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
  [/^ {0,3}<![a-z]/i, />/],
];
/** Kind 6, until an empty line. */
const BLOCK =
  /^ {0,3}<\/?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?:\s|\/?>|$)/i;
/** Kind 7, or a paragraph that begins with a tag or a link: until an empty line. */
const TAG = /^ {0,3}<[a-z/]/i;
const RULE = /^ {0,3}-{3,} *$/;
const BLANK = /^\s*$/;

interface Fence {
  readonly mark: string;
  /** The column that it began in. */
  readonly column: number;
  readonly isOfItem: boolean;
}

/** Replaces leading tabs by spaces up to the next tab stop, every 4 columns. */
function untabbed(line: string): string {
  let spaces = '';
  for (const character of /^[ \t]*/.exec(line)?.[0] ?? '') {
    spaces += character === '\t' ? ' '.repeat(4 - (spaces.length % 4)) : ' ';
  }
  return spaces + line.trimStart();
}

/** The index of the first greater one among sorted numbers. */
function firstAfter(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The text without its code spans; an unclosed run of backticks stays. CommonMark 6.1 */
function withoutCode(text: string): string {
  const runs = new Map<number, number[]>();
  for (const { 0: ticks, index } of text.matchAll(/`+/g)) {
    const same = runs.get(ticks.length);
    if (same) same.push(index);
    else runs.set(ticks.length, [index]);
  }
  const token = /\\[\s\S]|`+/g;
  let kept = '';
  let from = 0;
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const { 0: ticks, index } = found;
    if (ticks.startsWith('\\')) continue;
    const later = runs.get(ticks.length) ?? [];
    const end = later[firstAfter(later, index)];
    if (end === undefined) continue;
    kept += `${text.slice(from, index)} `;
    from = end + ticks.length;
    token.lastIndex = from;
  }
  return kept + text.slice(from);
}

const withoutCodeByLine = (text: string): string => text.split('\n').map(withoutCode).join('\n');

const ticksIn = (text: string): readonly string[] => text.match(/`+/g) ?? [];

const isDelimiterRow = (line: string): boolean =>
  line.includes('|') && line.includes('-') && /^[\s:|-]*$/.test(line);

/** Whether it has an unclosed link, or a line that may be a link definition. */
const hasOpenLink = (text: string): boolean =>
  text.lastIndexOf('[') > text.lastIndexOf(']') ||
  text.split('\n').some(line => line.lastIndexOf('](') > line.lastIndexOf(')')) ||
  /^ {0,3}\[/m.test(text);

/** What the lines above, in the same paragraph, make a line part of, if anything. */
function withinParagraph(before: string, rest: string): string | undefined {
  if (CONTAINER.test(before)) return 'a quote or a list: leave an empty line before it';
  if (before.includes('|') || isDelimiterRow(rest.split('\n', 2)[1] ?? '')) {
    return 'a table: leave an empty line before it';
  }
  // Where a code span ends depends on where the paragraph began: assume the reading that leaves the most open.
  const plain = `${withoutCode(before)}\n${withoutCodeByLine(before)}`;
  const open = new Set(ticksIn(plain));
  if (ticksIn(rest).some(ticks => open.has(ticks))) return 'a code span';
  const isAround = (mark: string): boolean => before.includes(mark) && rest.includes(mark);
  if (isAround('~')) return 'crossed-out text';
  if (isAround('$$')) return 'a formula';
  if (/<[a-z/!?]/i.test(plain)) return 'a paragraph with HTML: leave an empty line before it';
  return hasOpenLink(before) || hasOpenLink(plain) ? 'a link: leave an empty line before it' : undefined;
}

/** The text without HTML comments that begin and end on one line. */
function withoutComments(text: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    const begin = text.indexOf('<!--', from);
    const end = begin < 0 ? -1 : text.indexOf('-->', begin + 4);
    if (end < 0) return kept + text.slice(from);
    const comment = text.slice(begin, end + 3);
    kept += text.slice(from, begin) + (comment.includes('\n') ? comment : '');
    from = end + 3;
  }
}

/** The elements that are open after a text, given those that were open before it. */
function openAfter(open: readonly string[], text: string): readonly string[] {
  const elements = [...open];
  for (const [, slash, tag = ''] of withoutComments(text).matchAll(ELEMENT)) {
    const name = tag.toLowerCase();
    const at = elements.lastIndexOf(name);
    if (slash === '') elements.push(name);
    else if (at >= 0) elements.length = at;
  }
  return elements;
}

/** The most lines that are asked about, as each reads its whole paragraph. */
const MOST = 50;

/** Every line for which `isAsked` holds, and what it is part of. Beyond the first 50 none counts. */
export function markdownLines(text: string, isAsked: (line: string) => boolean): Line[] {
  const lines = text.split(/\r\n|\n|\r/).map(untabbed);
  const found: Line[] = [];
  let fence: Fence | undefined;
  let html: RegExp | undefined;
  /** Whether the HTML block may also be a paragraph. */
  let isTag = false;
  let elements: readonly string[] = [];
  let isUnsure = false;
  /** The lines of the current paragraph, or of what may be one. */
  let run: string[] = [];

  /** Where a code span ends depends on where the paragraph ends: assume the reading that leaves the most open. */
  function endRun(): void {
    const whole = openAfter(elements, withoutCode(run.join('\n')));
    const apart = openAfter(elements, withoutCodeByLine(run.join('\n')));
    elements = whole.length >= apart.length ? whole : apart;
    run = [];
  }

  /** Whether the line belongs to the current code block. */
  function readFence(line: string): boolean {
    if (!fence) return false;
    const column = /\S/.exec(line)?.index ?? Number.POSITIVE_INFINITY;
    if (column < fence.column && fence.isOfItem) {
      fence = undefined;
      return false;
    }
    // The block may belong to a list item, which this line would end, or not.
    if (column < fence.column) isUnsure = true;
    const most = fence.isOfItem ? fence.column + 3 : 3;
    const isEnd = line.trim().startsWith(fence.mark) && new Set(line.trim()).size === 1;
    if (column <= most && isEnd) fence = undefined;
    return true;
  }

  function openFence(line: string): boolean {
    const ofItem = FENCE_OF_ITEM.exec(line);
    const [, ticks, tildes] = ofItem ?? FENCE.exec(line) ?? [];
    const mark = ticks ?? tildes;
    if (mark === undefined) return false;
    endRun();
    fence = { mark, column: line.indexOf(mark), isOfItem: ofItem !== null };
    return true;
  }

  function readHtml(line: string): boolean {
    const [, end] = html ? [undefined, html] : (HTML.find(([begin]) => begin.test(line)) ?? []);
    const begun = end ?? (BLOCK.test(line) || TAG.test(line) ? BLANK : undefined);
    if (!begun) return false;
    if (!html) {
      endRun();
      isTag = begun === BLANK && !BLOCK.test(line);
    }
    html = begun;
    // If this is a paragraph, these begin a code span or another block.
    const isOther =
      line.includes('`') || [FENCE, BLOCK, ...HTML.map(([begin]) => begin)].some(one => one.test(line));
    if (isTag && isOther) isUnsure = true;
    elements = openAfter(elements, line);
    if (html.test(line)) html = undefined;
    return true;
  }

  function blockOf(line: string): string | undefined {
    if (readFence(line) || (!html && openFence(line))) return 'a code block';
    return readHtml(line) ? 'HTML' : undefined;
  }

  function placeOf(line: string, at: number): string | undefined {
    if (isUnsure) return 'text that can be read in two ways';
    if (elements.length > 0) return `<${elements.at(-1)}>`;
    if (!isAsked(line)) return undefined;
    const end = lines.findIndex((one, index) => index > at && BLANK.test(one));
    return withinParagraph(run.join('\n'), lines.slice(at, end < 0 ? undefined : end).join('\n'));
  }

  for (const [at, line] of lines.entries()) {
    if (BLANK.test(line) && !fence && !html) {
      endRun();
      continue;
    }
    const block = blockOf(line);
    const within = block ?? (found.length < MOST ? placeOf(line, at) : 'a comment with too many commands');
    if (isAsked(line)) found.push(within === undefined ? { text: line } : { text: line, within });
    // Ends a paragraph, as a heading or a rule, unless it is the second line of a table.
    if (RULE.test(line) && !run.some(one => one.includes('|'))) endRun();
    else if (block === undefined) run.push(line);
  }
  return found;
}
