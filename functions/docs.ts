import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { KillswitchError } from '../lib/domain/errors.js';
import { once } from './docs/once.js';
import { asset, packedAsset, page } from './docs/respond.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { openApiRoute } from './openapi/route.js';
import { runAlone } from './server/run-alone.js';

/** The script of the API reference. */
const SCRIPT = 'api-reference.js';

/** Loaded at the first request, so that it does not slow the start. */
async function openPages() {
  const [{ openSite }, pages] = await Promise.all([import('./docs/site.js'), import('./docs/page.js')]);
  return { ...(await openSite()), ...pages };
}

async function openReference() {
  const { openApiReference } = await import('./docs/api-reference.js');
  return openApiReference();
}

/**
 * `/docs`: the guides and their search, without scripts and without anything from other servers. `/docs/api`: the
 * OpenAPI document as a page, with its own script. `/openapi.json`: that document, which the page loads.
 */
export const docs: KillswitchFunction<object> = {
  name: 'docs',
  routes: () => {
    const site = once(openPages);
    const reference = once(openReference);
    return new Hono<Env>()
      .route('/', openApiRoute())
      .get('/docs', etag(), async c => {
        const { frame, search, indexPage, searchPage } = await site();
        const question = c.req.query('q')?.trim();
        return page(c, question ? searchPage(frame, question, search(question)) : indexPage(frame));
      })
      .get('/docs/api', etag(), async c => {
        const { html, policy } = await reference();
        return page(c, html, { policy });
      })
      .get('/docs/assets/:name', etag(), async c => {
        const name = c.req.param('name');
        if (name === SCRIPT) {
          const { script, unpacked } = await reference();
          return packedAsset(c, script, unpacked);
        }
        const found = (await site()).assets.get(name);
        if (!found) throw new KillswitchError('not_found');
        return asset(c, found);
      })
      .get('/docs/:guide{[^/]*}', etag(), async c => {
        const name = c.req.param('guide');
        if (name === '') return c.redirect('/docs');
        const { frame, guidePage, missingPage } = await site();
        const guide = frame.guides.find(({ slug }) => name === slug || name === `${slug}.md`);
        if (!guide) return page(c, missingPage(frame, name), { status: 404 });
        if (name === guide.slug) return page(c, guidePage(frame, guide));
        return c.body(guide.source, 200, { 'content-type': 'text/markdown; charset=utf-8' });
      });
  },
};

await runAlone(docs);
