import { writeSync } from 'node:fs';
import { createJournal } from '../../lib/adapters/state/journal/index.js';

// A process of its own on a shared directory: appends without end, and prints the ID of each once it is there.
const [directory = '', name = ''] = process.argv.slice(2);
const journal = createJournal({ directory });
for (let n = 0; ; n++) {
  const id = `${name}-${n}`;
  await journal.append(id, id.repeat(20_000));
  writeSync(1, `${id}\n`);
}
