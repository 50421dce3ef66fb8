import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { references } from '../../functions/docs/references/all.js';

const folder = new URL('../../functions/docs/guides/', import.meta.url);

it.each(Object.entries(references()))('%s is what the schemas and the program say', (name, text) => {
  const isFresh = readFileSync(new URL(name, folder), 'utf8') === text;
  expect(isFresh, `${name} is stale: run "npm run docs" and commit what it writes`).toBe(true);
});
