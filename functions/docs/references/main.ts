import { writeFileSync } from 'node:fs';
import { references } from './all.js';

/** `npm run docs`: writes the generated references into the folder of the guides. */
for (const [name, text] of Object.entries(references())) {
  writeFileSync(new URL(`../guides/${name}`, import.meta.url), text);
}
