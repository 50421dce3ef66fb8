import { type Context, Hono } from 'hono';
import { etag } from 'hono/etag';
import { KillswitchError } from '../lib/domain/errors.js';
import type { Asset } from './docs/assets.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { runAlone } from './server/run-alone.js';

/** Nothing but what this server sends itself, and no script at all. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** What reads and renders is loaded with the first request, so that no start waits for it. */
async function open() {
  const [{ openSite }, pages] = await Promise.all([import('./docs/site.js'), import('./docs/page.js')]);
  return { ...(await openSite()), ...pages };
}

type Page = ReturnType<typeof import('hono/html').html>;

function page(c: Context<Env>, content: Page, status: 200 | 404 = 200): Response | Promise<Response> {
  c.header('content-security-policy', POLICY);
  c.header('cache-control', 'no-cache');
  return c.html(content, status);
}

function asset(c: Context<Env>, { bytes, type, version }: Asset): Response {
  const isNamed = c.req.query('v') === version;
  return c.body(bytes, 200, {
    'content-type': type,
    'cache-control': isNamed ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: `"${version}"`,
  });
}

/** `/docs`: the guides, searchable, without a script and without anything from elsewhere; and the API reference. */
export const docs: KillswitchFunction<object> = {
  name: 'docs',
  routes: () => {
    let opened: ReturnType<typeof open> | undefined;
    const site = () => {
      opened ??= open().catch(error => {
        opened = undefined;
        throw error;
      });
      return opened;
    };
    return new Hono<Env>()
      .get('/docs', etag(), async c => {
        const { frame, search, indexPage, searchPage } = await site();
        const question = c.req.query('q')?.trim();
        return page(c, question ? searchPage(frame, question, search(question)) : indexPage(frame));
      })
      .get('/docs/assets/:name', etag(), async c => {
        const found = (await site()).assets.get(c.req.param('name'));
        if (!found) throw new KillswitchError('not_found');
        return asset(c, found);
      })
      .get('/docs/:guide{[^/]*}', etag(), async c => {
        const name = c.req.param('guide');
        if (name === '') return c.redirect('/docs');
        const { frame, guidePage, missingPage } = await site();
        const guide = frame.guides.find(({ slug }) => name === slug || name === `${slug}.md`);
        if (!guide) return page(c, missingPage(frame, name), 404);
        if (name === guide.slug) return page(c, guidePage(frame, guide));
        return c.body(guide.source, 200, { 'content-type': 'text/markdown; charset=utf-8' });
      });
  },
};

await runAlone(docs);
