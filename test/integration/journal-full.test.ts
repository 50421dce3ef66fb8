import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createJournal } from '../../lib/adapters/state/journal/index.js';
import { temporaryDirectory } from '../services/agents.js';
import { fillDisk, freezeDisk, mountDisk } from '../services/disk.js';

const reserve = [
  { places: 2, bytes: 4096 },
  { places: 1, bytes: 65_536 },
];
const well = { name: 'journal', ok: true };
const silent = {
  code: 'store_unavailable',
  message: 'The journal cannot be written',
  cause: { message: 'The disk does not answer.' },
};

describe.each(['tmpfs', 'ext4'] as const)('A journal with a reserve, on a full disk (%s),', fileSystem => {
  it('takes orders in the room that it kept, says how many more, and keeps new room when there is some', async () => {
    const directory = mountDisk(fileSystem);
    const journal = createJournal({ directory, reserve });
    expect(await journal.probe()).toEqual(well);
    fillDisk(directory);
    expect(() => writeFileSync(join(directory, 'one-more'), 'x')).toThrow('ENOSPC');
    expect(await journal.probe()).toEqual({
      name: 'journal',
      ok: false,
      detail: 'the disk is full; there is room for 3 commands',
    });
    const texts = ['{"short":"é"}', '', 'x'.repeat(60_000)];
    for (const [at, text] of texts.entries()) await journal.append(`id-${at}`, text);
    const intents = texts.map((text, at) => ({ id: `id-${at}`, text }));
    expect(await journal.read()).toEqual(intents);
    expect(await createJournal({ directory }).read()).toEqual(intents);
    await expect(journal.append('one-more', 'x'.repeat(30_000))).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { code: 'ENOSPC' },
    });
    expect(readdirSync(join(directory, 'journal')).sort()).toEqual(intents.map(({ id }) => `${id}.json`));
    expect(await journal.probe()).toMatchObject({ ok: false });
    rmSync(join(directory, 'filler'));
    for (const { id } of intents) await journal.remove(id);
    await expect.poll(() => journal.probe()).toEqual(well);
  });

  it('refuses what is larger than any place, and keeps the places for others', async () => {
    const directory = mountDisk(fileSystem);
    const journal = createJournal({ directory, reserve });
    expect(await journal.probe()).toEqual(well);
    fillDisk(directory);
    await expect(journal.append('a', 'x'.repeat(70_000))).rejects.toMatchObject({
      cause: { code: 'ENOSPC' },
    });
    await journal.append('b', 'x'.repeat(60_000));
    expect(await journal.read()).toEqual([{ id: 'b', text: 'x'.repeat(60_000) }]);
  });
});

describe('The reserve of a journal', () => {
  it('takes up its blocks on the disk, for us alone', async () => {
    const directory = temporaryDirectory();
    const journal = createJournal({ directory, reserve });
    await journal.probe();
    const files = readdirSync(join(directory, 'reserve')).map(name =>
      statSync(join(directory, 'reserve', name)),
    );
    expect(files.map(({ size }) => size).sort((a, b) => a - b)).toEqual([4096, 4096, 65_536]);
    for (const { blocks, size, mode } of files) {
      expect(blocks * 512).toBeGreaterThanOrEqual(size);
      expect(mode & 0o777).toBe(0o600);
    }
  });

  it('is shared by the processes of a host: each place is taken once', async () => {
    const directory = mountDisk('tmpfs');
    const journals = [1, 2].map(() => createJournal({ directory, reserve }));
    for (const journal of journals) expect(await journal.probe()).toEqual(well);
    fillDisk(directory);
    const given = ['a', 'b', 'c', 'd'].map((id, n) => journals[n % 2]?.append(id, id));
    const results = await Promise.allSettled(given);
    expect(results.map(({ status }) => status).sort()).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(await journals[0]?.read()).toHaveLength(3);
  });

  it('is told while it is not whole', async () => {
    const directory = mountDisk('tmpfs', 1);
    const journal = createJournal({ directory, reserve: [{ places: 4, bytes: 400_000 }] });
    expect(await journal.probe()).toEqual({
      name: 'journal',
      ok: false,
      detail: 'on a full disk, room for 2 of 4 commands',
    });
    await journal.append('a', '{}');
  });
});

describe('A journal on a disk that does not answer', () => {
  it('rejects at the deadline, refuses more at once, and has what was begun when the disk is back', async () => {
    const directory = mountDisk('ext4');
    const journal = createJournal({ directory, deadlineMs: 300 });
    await journal.append('before', '1');
    const { thaw } = freezeDisk(directory);
    const appends = ['a', 'b', 'c'].map(id => journal.append(id, id));
    for (const append of appends) await expect(append).rejects.toMatchObject(silent);
    const told: string[] = [];
    const more = [journal.append('d', 'd'), journal.remove('before')].map(call =>
      call.catch(() => void told.push('rejected')),
    );
    turn().then(() => told.push('turn'));
    await Promise.all(more);
    expect(told).toEqual(['rejected', 'rejected']);
    expect(await journal.probe()).toMatchObject({ ok: false, detail: 'the journal cannot be written' });
    thaw();
    const ids = async () => (await journal.read()).map(({ id }) => id);
    await expect.poll(ids).toEqual(['a', 'b', 'before']);
    await expect.poll(() => journal.append('e', 'e').catch(() => 'not yet')).toBe(undefined);
  });
});
