import { html, raw } from 'hono/html';
import type { Guide } from './library.js';
import { groups } from './order.js';
import type { Found } from './search.js';

/** An HTML fragment of `hono/html`. */
type Fragment = ReturnType<typeof html>;

/** What every page has around its content. */
export interface Frame {
  readonly guides: readonly Guide[];
  /** The paths of the style sheet and of the icon, with their versions. */
  readonly style: string;
  readonly icon: string;
}

const API = '/docs/api';

/** The groups with their guides; guides without a group are in the last one. */
function grouped(guides: readonly Guide[]): { name: string; guides: readonly Guide[] }[] {
  const named = groups.map(({ name, slugs }) => ({
    name,
    guides: guides.filter(({ slug }) => slugs.includes(slug)),
  }));
  const others = guides.filter(({ slug }) => !groups.some(({ slugs }) => slugs.includes(slug)));
  return [...named, { name: 'More', guides: others }].filter(group => group.guides.length > 0);
}

const search = (question: string) => html`<form class="search" role="search" action="/docs">
<input type="search" name="q" value="${question}" placeholder="Search the guides" aria-label="Search the guides" maxlength="100" autocomplete="off"><button>Search</button>
</form>`;

function navigation(guides: readonly Guide[], current: string) {
  const link = (path: string, title: string) =>
    html`<li><a href="${path}"${current === path ? raw(' aria-current="page"') : ''}>${title}</a></li>`;
  return html`<nav id="guides" aria-label="Guides">
${grouped(guides).map(
  ({ name, guides }) => html`<h2>${name}</h2>
<ul>${guides.map(({ slug, title }) => link(`/docs/${slug}`, title))}</ul>
`,
)}<h2>Try it</h2>
<ul>${link(API, 'API reference')}${link('/openapi.json', 'OpenAPI document')}</ul>
</nav>`;
}

interface Page {
  readonly title: string;
  readonly path: string;
  readonly question?: string;
  readonly main: Fragment;
  readonly aside?: Fragment | undefined;
}

/**
 * A whole page. The navigation comes after the text, so that small screens and terminals show the text first; wide
 * screens show it on the left.
 */
const page = ({ guides, style, icon }: Frame, { title, path, question = '', main, aside }: Page) =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="${style}">
<link rel="icon" href="${icon}" type="image/svg+xml">
</head>
<body>
<header>
<a class="home" href="/docs"><img src="${icon}" alt="" width="24" height="24">killswitch</a>
<a class="menu" href="#guides">All guides</a>
${search(question)}
</header>
<div class="columns">
<main>
${main}
</main>
${aside ?? ''}
${navigation(guides, path)}
</div>
</body>
</html>
`;

export function guidePage(frame: Frame, guide: Guide) {
  const contents = guide.headings.filter(({ level }) => level === 2 || level === 3);
  const aside = html`<aside aria-label="On this page">
<h2>On this page</h2>
<ul>${contents.map(({ level, anchor, text }) => html`<li class="level-${level}"><a href="#${anchor}">${text}</a></li>`)}</ul>
</aside>`;
  const at = frame.guides.indexOf(guide);
  const [before, after] = [frame.guides[at - 1], frame.guides[at + 1]];
  return page(frame, {
    title: `${guide.title} · killswitch`,
    path: `/docs/${guide.slug}`,
    aside: contents.length > 1 ? aside : undefined,
    main: html`<article>
${raw(guide.html)}</article>
<footer>
${before ? html`<a rel="prev" href="/docs/${before.slug}"><small>Before</small> ${before.title}</a>` : ''}
${after ? html`<a rel="next" href="/docs/${after.slug}"><small>Next</small> ${after.title}</a>` : ''}
</footer>`,
  });
}

export const indexPage = (frame: Frame) =>
  page(frame, {
    title: 'killswitch: guides',
    path: '/docs',
    main: html`<article class="index">
<h1>Guides</h1>
<p>How to stop agents, and how to run the server that stops them. These pages load nothing from other servers.</p>
${grouped(frame.guides).map(
  ({ name, guides }) => html`<h2>${name}</h2>
<ul class="cards">
${guides.map(
  ({ slug, title, summary }) =>
    html`<li><a href="/docs/${slug}">${title}</a><p>${summary}</p></li>
`,
)}</ul>
`,
)}<h2>Try it</h2>
<ul class="cards">
<li><a href="${API}">API reference</a><p>Every request and answer with its schema; requests can be sent from the page. It needs JavaScript; the HTTP reference has the same content without.</p></li>
</ul>
</article>`,
  });

const result = ({ guide, heading, path, excerpt }: Found) => html`<li>
<a href="${path}">${heading}</a> <small>${guide.title}</small>
<p>${excerpt.map((part, index) => (index % 2 === 1 ? html`<mark>${part}</mark>` : part))}</p>
</li>
`;

export const searchPage = (frame: Frame, question: string, found: readonly Found[]) =>
  page(frame, {
    title: `${question} · killswitch`,
    path: '/docs',
    question,
    main: html`<article class="results">
<h1>${found.length === 0 ? 'Nothing found' : html`Found for “${question}”`}</h1>
${
  found.length === 0
    ? html`<p>No guide has all of these words: “${question}”. Try fewer or shorter ones, or look through the list of guides.</p>`
    : html`<ol>
${found.map(result)}</ol>`
}
</article>`,
  });

export const missingPage = (frame: Frame, slug: string) =>
  page(frame, {
    title: 'No such guide · killswitch',
    path: '',
    main: html`<article>
<h1>No such guide</h1>
<p>There is no guide called “${slug.slice(0, 100)}”. Search for a word above, or choose from the <a href="#guides">list of guides</a>.</p>
</article>`,
  });
