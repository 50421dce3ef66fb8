import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUIDES = 'functions/docs/guides';

/** A block of code in a document. */
export interface Fence {
  readonly document: string;
  /** The number of its first line of code. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language, such as `no-run`. */
  readonly words: readonly string[];
  readonly text: string;
}

export interface Page {
  /** Its path from the root of the project. */
  readonly path: string;
  readonly text: string;
  readonly fences: readonly Fence[];
  /** The same without its blocks of code. */
  readonly prose: string;
}

const FENCE = /^( *)```(.*)$/;

/** Takes a page of Markdown apart. */
export function readPage(path: string, text: string): Page {
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open: { indent: string; info: string; line: number; code: string[] } | undefined;
  for (const [at, line] of text.split('\n').entries()) {
    const [, indent = '', info] = FENCE.exec(line) ?? [];
    if (info === undefined) {
      if (open) open.code.push(line.replace(open.indent, ''));
      else prose.push(line);
    } else if (open) {
      const [language = '', ...words] = open.info.trim().split(/\s+/);
      fences.push({ document: path, line: open.line, language, words, text: open.code.join('\n') });
      open = undefined;
    } else open = { indent, info, line: at + 2, code: [] };
  }
  return { path, text, fences, prose: prose.join('\n') };
}

/** The README and every guide. */
export const pages: readonly Page[] = [
  'README.md',
  ...readdirSync(join(ROOT, GUIDES))
    .filter(name => name.endsWith('.md'))
    .map(name => `${GUIDES}/${name}`),
].map(path => readPage(path, readFileSync(join(ROOT, path), 'utf8')));

/** The block of a guide that has this word behind its language. */
export function example(guide: string, name: string): string {
  const fences = pages.find(({ path }) => path === `${GUIDES}/${guide}.md`)?.fences ?? [];
  const found = fences.find(({ words }) => words.includes(name));
  if (!found) throw new Error(`The guide ${guide} has no example ${name}`);
  return `${found.text}\n`;
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(prose: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** What is wrong with the links of a page to files and headings. */
export function brokenLinks({ path, prose }: Page): string[] {
  const text = prose.replaceAll(/`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.flatMap(target => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const to = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, to))) return [`${path}: ${target} leads nowhere`];
    if (anchor === undefined) return [];
    const there = to === path ? prose : readPage(to, readFileSync(join(ROOT, to), 'utf8')).prose;
    return anchorsOf(there).has(anchor) ? [] : [`${path}: ${target} names no heading`];
  });
}

/** Lines of shell with those that go on in the next one put together, and without comments. */
export const shellLines = (text: string): string[] =>
  text
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .map(line => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(line => line !== '');

/** The words of a simple command as a shell takes them apart; it ends where the next one begins. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let depth = 0;
  for (const [token] of text.matchAll(/\$\(|\\.|'[^']*'|"(?:\\.|[^"\\])*"|[\s\S]/g)) {
    if (token === '$(') depth++;
    if (depth > 0) {
      if (token === ')') depth--;
      word = `${word ?? ''}${token}`;
    } else if (/^[;|&)<>\n]$/.test(token)) break;
    else if (/^\s$/.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      const isQuoted = token.length > 1 && /^['"]/.test(token);
      word = `${word ?? ''}${isQuoted ? token.slice(1, -1) : token.replace(/^\\/, '')}`;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** Every call of a program in some lines of shell, as its arguments. */
export const callsOf = (program: string, text: string): string[][] =>
  shellLines(text).flatMap(line =>
    [...line.matchAll(new RegExp(`(?:^|[;|&(]|\\$\\(|\\bif|\\bdo|\\bsudo)\\s*${program} `, 'g'))].map(
      ({ index, 0: { length } }) => wordsOf(line.slice(index + length)),
    ),
  );
