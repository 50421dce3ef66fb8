import * as z from 'zod';
import type { Content, Endpoint, Reply } from '../endpoint.js';

const html: Content = {
  description: 'A page for a person.',
  example: '<!doctype html><title>killswitch</title><h1>Guides</h1>',
};

const page = (description: string): Reply => ({ description, content: { 'text/html': html } });

/** Answered if the client already has the content. */
const SAME: Reply = { description: 'Not modified since the client last loaded it.' };

/** A file of the pages. Its content is not for programs. */
const file = (what: string): Content => ({ description: what, example: '' });

export const docs: readonly Endpoint[] = [
  {
    operationId: 'listGuides',
    method: 'get',
    path: '/docs',
    tag: 'Docs',
    summary: 'List the guides, or search them',
    description: 'A page with links to every guide, or to the results of a search.',
    query: z.object({ q: z.string().describe('What to search for.').optional() }),
    replies: { 200: page('The page.'), 304: SAME },
  },
  {
    operationId: 'showApiReference',
    method: 'get',
    path: '/docs/api',
    tag: 'Docs',
    summary: 'Show this document as a page',
    description: 'The API reference, made from `/openapi.json`.',
    replies: { 200: page('The page.'), 304: SAME },
  },
  {
    operationId: 'showGuide',
    method: 'get',
    path: '/docs/{guide}',
    tag: 'Docs',
    summary: 'Show a guide',
    description: 'A guide as a page, or as Markdown if its name ends with `.md`.',
    params: z.object({ guide: z.string().describe('The name of the guide.') }),
    replies: {
      200: {
        description: 'The guide.',
        content: {
          'text/html': html,
          'text/markdown': { description: 'The source of the guide.', example: '# Guide\n' },
        },
      },
      302: { description: 'No guide is named: redirects to the list of guides.' },
      304: SAME,
      404: page('There is no such guide.'),
    },
  },
  {
    operationId: 'getDocsAsset',
    method: 'get',
    path: '/docs/assets/{name}',
    tag: 'Docs',
    summary: 'Load a file that the pages use',
    description: 'A style sheet, a script or a picture.',
    params: z.object({ name: z.string().describe('The name of the file.') }),
    replies: {
      200: {
        description: 'The file.',
        content: {
          'text/css': file('A style sheet.'),
          'text/javascript': file('A script.'),
          'image/png': file('A picture.'),
          'image/svg+xml': file('A picture.'),
        },
      },
      304: SAME,
    },
    errors: ['not_found'],
  },
];
