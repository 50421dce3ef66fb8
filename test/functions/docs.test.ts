import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openLibrary } from '../../functions/docs/library.js';
import { once } from '../../functions/docs/once.js';
import { createSearch } from '../../functions/docs/search.js';
import { docs } from '../../functions/docs.js';
import { temporaryDirectory } from '../services/temporary.js';
import { openApp } from './bench.js';

const folder = new URL('../../functions/docs/guides/', import.meta.url);
const slugs = readdirSync(folder)
  .filter(name => name.endsWith('.md'))
  .map(name => name.slice(0, -'.md'.length));

const { app, send } = openApp({ functions: [docs] });
const get = (path: string, headers = {}) => send(`GET ${path}`, { token: null, headers });

/** What a browser would load for the page by itself. */
const loadedBy = (text: string): string[] =>
  [
    ...text.matchAll(
      /<(?:img|script|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|data)="([^"]*)"|<link\b[^>]*?\bhref="([^"]*)"/g,
    ),
  ].map(([, source, link]) => source ?? link ?? '');

/** A library of guides that a test writes. */
async function libraryOf(guides: Readonly<Record<string, string>>) {
  const directory = temporaryDirectory();
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(guides)) writeFileSync(join(directory, name), text);
  return openLibrary(pathToFileURL(`${directory}/`));
}

describe('the guides', () => {
  it.each(slugs)('has %s as a page, and loads nothing from elsewhere with it', async slug => {
    const { status, text, headers } = await get(`/docs/${slug}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=UTF-8');
    expect(text).toMatch(/<h1 id="[^"]+">/);
    expect(text).toContain(`<a href="/docs/${slug}" aria-current="page">`);
    const loaded = loadedBy(text);
    expect(loaded.length).toBeGreaterThan(0);
    for (const path of loaded) expect(path).toMatch(/^\/docs\/assets\/[\w.-]+(\?v=[\w-]{16})?$/);
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=/);
  });

  it.each(slugs)('links in %s only to guides and sections that are there', async slug => {
    const { text } = await get(`/docs/${slug}`);
    const links = [...text.matchAll(/<a\b[^>]*?href="([^"]*)"/g)].map(([, href = '']) => href);
    for (const href of links.filter(one => !/^https?:|^\/docs\/api$|^\/openapi\.json$|^\/docs$/.test(one))) {
      const [path = '', fragment] = href.split('#');
      const page = path === '' ? text : (await get(path)).text;
      expect(page, href).not.toContain('No such guide');
      if (fragment) expect(page, href).toContain(`id="${decodeURIComponent(fragment)}"`);
    }
  });
});

describe('a page', () => {
  it.each(['/docs', '/docs?q=stop', `/docs/${slugs[0]}`, '/docs/nothing-like-it'])(
    'of %s may load nothing but from this server, and run no script',
    async path => {
      const policy = (await get(path)).headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    },
  );

  it('needs no credential', async () => {
    expect((await get('/docs')).status).toBe(200);
  });

  it('is not sent again to a browser that has it', async () => {
    const { headers } = await get(`/docs/${slugs[0]}`);
    expect(headers.get('cache-control')).toBe('no-cache');
    const again = await get(`/docs/${slugs[0]}`, { 'if-none-match': headers.get('etag') });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('has a style sheet that is kept for as long as it does not change', async () => {
    const [, style = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec((await get('/docs')).text) ?? [];
    const { status, headers } = await get(style);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
    expect(headers.get('cache-control')).toContain('immutable');
    const [path = ''] = style.split('?');
    expect((await get(path)).headers.get('cache-control')).toBe('no-cache');
    expect((await get(`${path}?v=an-older-one`)).headers.get('cache-control')).toBe('no-cache');
    expect((await get(path, { 'if-none-match': headers.get('etag') })).status).toBe(304);
  });

  it.each(['/docs/assets/nothing.css', '/docs/assets/..%2Fdocs.ts', '/docs/assets/runbook.md'])(
    'has no asset %s',
    async path => {
      expect((await get(path)).status).toBe(404);
    },
  );
});

describe('the list of guides', () => {
  it('names every guide', async () => {
    const { text } = await get('/docs');
    for (const slug of slugs) expect(text).toContain(`href="/docs/${slug}"`);
  });

  it('is found with a slash at the end too', async () => {
    const { status, headers } = await get('/docs/');
    expect([status, headers.get('location')]).toEqual([302, '/docs']);
  });
});

describe('a guide', () => {
  it('can be had as it was written', async () => {
    const { status, text, headers } = await get(`/docs/${slugs[0]}.md`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(text).toMatch(/^# /);
  });

  it('that is not there is a page which says so, and shows the name as text', async () => {
    const { status, text } = await get(`/docs/${encodeURIComponent('<script>alert(1)</script>')}`);
    expect(status).toBe(404);
    expect(text).toContain('No such guide');
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script');
  });

  it('shows HTML as text, and leads to no script', async () => {
    const [guide] = await libraryOf({
      'a.md':
        '# T\n\n<script>x</script> <img src=x onerror=y>\n\n[a](javascript:x) [b](data:text/html,x) `<b>`\n',
    });
    expect(guide?.html).not.toMatch(/<script|<img|<b>|href="(javascript|data)/);
    expect(guide?.html).toContain('&lt;script&gt;');
  });

  it('links to another by its file, to its section by its fragment, and elsewhere by the URL', async () => {
    const [guide] = await libraryOf({
      'a.md': '# A\n\n[b](b.md) [c](b.md#c-d) [e](https://example.com/x) [f](#a) [g](/openapi.json)',
      'b.md': '# B\n\n## C `d`',
    });
    expect([...(guide?.html.matchAll(/href="([^"]*)"/g) ?? [])].map(([, href]) => href)).toEqual([
      '/docs/b',
      '/docs/b#c-d',
      'https://example.com/x',
      '#a',
      '/openapi.json',
    ]);
  });

  it('does not link to a file that the server does not have', async () => {
    const [guide] = await libraryOf({
      'a.md': '# A\n\nSee [the *unit*](../../install/killswitch.service) there.',
    });
    expect(guide?.html).toContain('<p>See the <em>unit</em> there.</p>');
  });

  it('shows the pictures beside it, and no others', async () => {
    const [guide] = await libraryOf({
      'a.md': '# A\n\n![how](a.svg) ![x](https://example.com/x.png) ![y](gone.png)',
      'a.svg': '<svg/>',
    });
    expect(guide?.html).toContain('<img src="/docs/assets/a.svg" alt="how">');
    expect(guide?.html.match(/<img/g)).toHaveLength(1);
    expect(guide?.html).toContain('x');
  });

  it('names its sections as GitHub does, the second of one name with a number', async () => {
    const [guide] = await libraryOf({
      'a.md': "# It's `a` (b)!\n\n## Same\n\n## Same\n\n## KILLSWITCH_X: é",
    });
    expect(guide?.headings.map(({ anchor }) => anchor)).toEqual([
      'its-a-b',
      'same',
      'same-1',
      'killswitch_x-é',
    ]);
  });

  it('says for each cell of a table which column it is in', async () => {
    const [guide] = await libraryOf({ 'a.md': '# A\n\n| x | `y` |\n|---|---|\n| 1 | 2 |\n' });
    expect(guide?.html).toContain('<td data-label="x">1</td>');
    expect(guide?.html).toContain('<td data-label="y">2</td>');
  });
});

describe('a search', () => {
  it('finds the sections with all of the words, without a script, and marks the words', async () => {
    const { status, text } = await get('/docs?q=quarantine+restore');
    expect(status).toBe(200);
    expect(text).toMatch(/<mark>quarantine<\/mark>/i);
    expect(text).toMatch(/<a href="\/docs\/[\w-]+#[\w-]+">/);
    expect(text).toContain('value="quarantine restore"');
  });

  it('says when nothing was found, and shows the question as text', async () => {
    const { text } = await get(`/docs?q=${encodeURIComponent('"><script>zzz qqq')}`);
    expect(text).toContain('Nothing found');
    expect(text).not.toContain('<script');
  });

  it('finds by the beginning of a word, and by one that is misspelt a little', async () => {
    const search = await createSearch(
      await libraryOf({ 'a.md': '# A\n\n## Quarantine\n\nWhere worktrees go.', 'b.md': '# B\n\nNothing.' }),
    );
    for (const question of ['quaran', 'quarantene', 'worktree go', 'QUARANTINE'])
      expect(
        search(question).map(({ path }) => path),
        question,
      ).toEqual(['/docs/a#quarantine']);
    expect(search('quarantine elsewhere')).toEqual([]);
    expect(search('!?')).toEqual([]);
  });

  it('shows the words with what is around them', async () => {
    const text = `${'before '.repeat(40)}needle ${'after '.repeat(40)}`;
    const [found] = (await createSearch(await libraryOf({ 'a.md': `# A\n\n${text}` })))('needle');
    expect(found?.excerpt[1]).toBe('needle');
    expect(found?.excerpt[0]).toMatch(/^… before /);
    expect(found?.excerpt[2]).toMatch(/ after .* …$/);
  });

  it('looks for six words at most, so that no question takes long', async () => {
    const search = await createSearch(await libraryOf({ 'a.md': '# A\n\none two three four five six' }));
    expect(search('one two three four five six')).toHaveLength(1);
    expect(search(`one two three four five six ${'seven '.repeat(10_000)}`)).toHaveLength(1);
    expect(search('one two three four five seven')).toEqual([]);
  });
});

it('is opened once for all who ask, and again after it could not be', async () => {
  let calls = 0;
  const open = once(async () => {
    calls += 1;
    if (calls === 1) throw new Error('no such file');
    return calls;
  });
  await expect(open()).rejects.toThrow('no such file');
  expect(await Promise.all([open(), open()])).toEqual([2, 2]);
});

describe('the API reference', () => {
  it('runs no script but that of this server, and its own call by its hash', async () => {
    const { status, text, headers } = await get('/docs/api');
    expect(status).toBe(200);
    const policy = headers.get('content-security-policy') ?? '';
    const [, call = ''] = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(text) ?? [];
    const hash = createHash('sha256').update(call).digest('base64');
    expect(call).toContain('"url": "/openapi.json"');
    expect(policy).toContain(`script-src 'self' 'sha256-${hash}';`);
    expect(policy).toContain("connect-src 'self';");
    // Styles are the one exception, and nothing else may be inline.
    expect(policy.match(/unsafe-\w+/g)).toEqual(['unsafe-inline']);
    expect(policy).toContain("style-src 'unsafe-inline';");
    expect(policy).not.toMatch(/https?:|\*/);
    for (const path of loadedBy(text))
      expect(path).toMatch(/^\/docs\/assets\/api-reference\.js\?v=[\w-]{16}$/);
  });

  it('has the document that its script loads, also where this function is deployed alone', async () => {
    const { status, text, headers } = await get('/openapi.json');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.0', paths: { '/docs/api': {} } });
  });

  it('links back to the guides, without its script', async () => {
    const { text } = await get('/docs/api');
    const [, href = ''] = /<a [^>]*href="([^"]+)"[^>]*>[^<]*guides<\/a>/.exec(text) ?? [];
    expect(href).toBe('/docs');
    expect((await get(href)).text).toContain('<h1>Guides</h1>');
  });

  it('has its script from this server, packed for those who can unpack it', async () => {
    const [, path = ''] = /<script src="([^"]+)"/.exec((await get('/docs/api')).text) ?? [];
    const plain = await get(path);
    expect([plain.status, plain.headers.get('content-encoding')]).toEqual([200, null]);
    expect(plain.text).toContain('@scalar/api-reference');
    const packed = await app.request(path, { headers: { 'accept-encoding': 'br;q=1, gzip' } });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(packed.headers.get('vary')).toBe('accept-encoding');
    expect(packed.headers.get('cache-control')).toContain('immutable');
    expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe(plain.text);
  });
});
