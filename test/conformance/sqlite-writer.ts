import { writeSync } from 'node:fs';
import { openSqlite } from '../../lib/adapters/sqlite/index.js';
import type { Records } from '../../lib/ports/records.js';
import { agent, change, entry, ids } from './records/harness.js';

// A process of its own on a shared file: `race PATH NAME` or `write PATH NAME`. It begins when stdin says anything.
const [task, path = '', name = ''] = process.argv.slice(2);

/** Claims what it can of a list, then counts a shared counter up. Prints what it got. */
async function race(records: Records): Promise<void> {
  const claims = ids('claim', 200);
  const got: string[] = [];
  for (const id of claims) {
    const [result] = await records.commit([change(id, null, name, { audit: [entry({ agentId: id })] })]);
    if (result === 'committed') got.push(id);
  }
  for (let done = 0; done < 100; ) {
    const [count] = await records.read([agent('counter')]);
    const step = change('counter', count ?? null, `${Number(count ?? 0) + 1}`, {
      audit: [entry({ agentId: 'counter' })],
    });
    if ((await records.commit([step]))[0] === 'committed') done++;
  }
  writeSync(1, JSON.stringify(got));
}

/** Commits batches without end. Prints the number of each batch once it is committed. */
async function write(records: Records): Promise<void> {
  for (let batch = 0; ; batch++) {
    const steps = ids(`${name}-${batch}`, 20).map(id =>
      change(id, null, '{}', {
        active: true,
        tombstone: 't',
        debt: { host: 'h1', dueAt: 1 },
        audit: [entry({ agentId: id })],
      }),
    );
    await records.commit(steps);
    writeSync(1, `${batch}\n`);
  }
}

writeSync(1, 'ready\n');
process.stdin.once('data', async () => {
  const { records } = await openSqlite({ path, deadlineMs: 10_000 });
  await (task === 'race' ? race : write)(records);
  process.exit();
});
