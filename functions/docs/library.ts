import { readdir, readFile } from 'node:fs/promises';
import { type Rendered, type Resolve, render } from './markdown.js';
import { order } from './order.js';

export interface Guide extends Rendered {
  /** Its name in the URL. */
  readonly slug: string;
  /** The Markdown. */
  readonly source: string;
}

const END = '.md';
const byOrder = (a: string, b: string): number => {
  const [first, second] = [order.indexOf(a), order.indexOf(b)];
  return (first === -1 ? order.length : first) - (second === -1 ? order.length : second) || (a < b ? -1 : 1);
};

/** Guides link to each other and to their pictures as files, so that they can be read in a checkout too. */
const resolveAmong =
  (files: ReadonlySet<string>): Resolve =>
  target => {
    const [, file = '', fragment = ''] = /^([^#]*)(#.*)?$/.exec(target) ?? [];
    if (/^(https?:|mailto:)/.test(target) || file === '' || file.startsWith('/')) return target;
    if (!files.has(file)) return undefined;
    return file.endsWith(END) ? `/docs/${file.slice(0, -END.length)}${fragment}` : `/docs/assets/${file}`;
  };

/** Reads and renders every guide of a folder. */
export async function openLibrary(folder: URL): Promise<readonly Guide[]> {
  const files = await readdir(folder);
  const resolve = resolveAmong(new Set(files));
  const slugs = files.filter(name => name.endsWith(END)).map(name => name.slice(0, -END.length));
  const guides: Guide[] = [];
  for (const slug of slugs.sort(byOrder)) {
    // One at a time, because rendering blocks the event loop and a stop may be waiting.
    const source = await readFile(new URL(`${slug}${END}`, folder), 'utf8');
    guides.push({ slug, source, ...render(source, resolve) });
  }
  return guides;
}
