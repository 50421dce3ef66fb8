import { describe, expect, it } from 'vitest';
import { auditKeys } from '../../../lib/adapters/state/seal/index.js';
import { type Finding, sentenceOf } from '../../../lib/audit/finding.js';
import { createSealer } from '../../../lib/audit/sealer.js';
import { keys, kindsOf, openDisk, openLedger, startSealer, verify } from './sealing.helper.js';

const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => `entry ${n}`);
const bodyOf = (text = '') => JSON.parse(JSON.parse(text).body);

/** Three checkpoints of two entries each. */
async function openSealed() {
  const [ledger, disk] = [openLedger(), openDisk()];
  const process = startSealer(ledger, disk);
  for (let n = 0; n < 3; n++) {
    ledger.append(`${n}a`, `${n}b`);
    await process.look();
  }
  return { ledger, disk, ...process };
}

describe('sealing', () => {
  it('does nothing while there is nothing, and seals from the beginning what stood there before', async () => {
    const [ledger, disk] = [openLedger(), openDisk()];
    await startSealer(ledger, disk).look();
    expect([ledger.checkpoints.size, disk.text]).toEqual([0, undefined]);
    ledger.append(...texts(1_001));
    const { look } = startSealer(ledger, disk);
    await look();
    await look();
    expect([...ledger.checkpoints.values()].map(text => bodyOf(text).to)).toEqual(['500', '1000', '1001']);
    expect(await verify(ledger, disk)).toMatchObject({ intact: true, entries: 1_001, checkpoints: 3 });
  });

  it('goes on under a new key, and the old one is still asked for', async () => {
    const { ledger, disk } = await openSealed();
    const newKey = auditKeys(['a new key of at least thirty-two bytes']);
    ledger.append('later');
    const { sealer } = startSealer(ledger, disk, newKey);
    await sealer.look();
    expect(await sealer.probe()).toMatchObject({ ok: true });
    expect(bodyOf(ledger.checkpoints.get(4))).toMatchObject({ from: '6', to: '7', key: newKey.id });
    expect(await verify(ledger, disk, newKey)).toMatchObject({
      findings: [{ kind: 'checkpoint_unknown_key', checkpoint: 1, lastCheckpoint: 3, key: keys.id }],
    });
  });

  it('seals all anew over a checkpoint that no one here can have made, and says so', async () => {
    const ledger = openLedger();
    ledger.append('a', 'b');
    ledger.checkpoints.set(1, 'forged');
    const { sealer, log } = startSealer(ledger, openDisk());
    await sealer.look();
    expect(bodyOf(ledger.checkpoints.get(2))).toMatchObject({ from: '', to: '2' });
    expect(await sealer.probe()).toMatchObject({
      ok: false,
      aside: true,
      detail: /not signed by a key known here/,
    });
    expect(log.lines).toHaveLength(1);
    expect(await kindsOf(ledger, openDisk())).toEqual(['checkpoint_forged 1']);
  });

  it('makes a store that was emptied visible for all who share it, once', async () => {
    const { ledger, disk, look, sealer } = await openSealed();
    const other = openDisk();
    await startSealer(ledger, other).look();
    ledger.checkpoints.clear();
    ledger.rows.splice(0);
    await look();
    expect(bodyOf(ledger.checkpoints.get(4))).toMatchObject({ from: '', to: '', entries: '' });
    await startSealer(ledger, other).look();
    ledger.append('new');
    await look();
    expect(ledger.checkpoints.size).toBe(2);
    expect(await sealer.probe()).toMatchObject({ detail: /has lost what this host has seen/ });
    for (const one of [disk, other, openDisk()]) {
      const { findings, entries, intact } = await verify(ledger, one);
      expect({ findings, entries, intact }).toMatchObject({
        findings: [{ kind: 'checkpoint_missing', checkpoint: 1, lastCheckpoint: 3 }],
        ...{ entries: 1, intact: false },
      });
    }
  });

  it('goes on from where a store that was set back has got to', async () => {
    const { ledger, disk } = await openSealed();
    for (const number of [2, 3]) ledger.checkpoints.delete(number);
    ledger.rows.splice(2);
    ledger.append('other');
    await startSealer(ledger, disk).look();
    expect(bodyOf(ledger.checkpoints.get(4))).toMatchObject({ from: '2', to: '3' });
    expect(await verify(ledger, disk)).toMatchObject({
      findings: [{ kind: 'checkpoint_missing', checkpoint: 2, lastCheckpoint: 3 }],
      ...{ entries: 3, unsealed: 0 },
    });
  });
});

describe('a sealer', () => {
  it('says once that it has no key, and seals as soon as it has', async () => {
    const { ledger, disk, log, clock } = await openSealed();
    const { records, audit } = ledger as never;
    let isThere = false;
    const openKeys = async () => {
      if (!isThere) throw new Error('no key');
      return keys;
    };
    const sealer = createSealer({ records, audit, clock, log, highWaterMark: disk, openKeys });
    ledger.append('x');
    await sealer.look();
    await sealer.look();
    expect(log.lines.map(({ message }) => message)).toEqual(['the audit cannot be sealed']);
    expect(await sealer.probe()).toMatchObject({
      name: 'audit',
      ok: false,
      detail: 'the audit cannot be sealed',
    });
    isThere = true;
    await sealer.look();
    expect(await sealer.probe()).toEqual({ name: 'audit', ok: true, aside: true });
    expect(ledger.checkpoints.size).toBe(4);
  });

  it('seals all the same while its host’s disk gives and takes nothing, and says so', async () => {
    const { ledger } = await openSealed();
    const fail = async () => Promise.reject(new Error('EIO'));
    const unread = startSealer(ledger, { read: fail, write: fail });
    ledger.append('x');
    await unread.look();
    expect(await unread.sealer.probe()).toMatchObject({ ok: false, detail: /cannot be read/ });
    const disk = { ...openDisk(), write: fail };
    const unkept = startSealer(ledger, disk);
    ledger.append('y');
    await unkept.look();
    await unkept.look();
    expect(await unkept.sealer.probe()).toMatchObject({ ok: false, detail: /cannot be written/ });
    expect(ledger.checkpoints.size).toBe(5);
  });

  it('leaves on the disk what another process of the host has seen later', async () => {
    const { ledger, disk, look } = await openSealed();
    const later = disk.text?.replace('"number":3', '"number":9');
    disk.text = later;
    ledger.append('x');
    await look();
    expect([ledger.checkpoints.size, disk.text]).toEqual([4, later]);
  });

  it('says that nothing was sealed for long, and goes on by itself when the store answers', async () => {
    const { ledger, disk, clock, log, sealer } = await openSealed();
    ledger.append('x');
    ledger.fate = 'dies before';
    await sealer.look();
    expect(await sealer.probe()).toMatchObject({ ok: true });
    clock.advance(31_000);
    expect(await sealer.probe()).toMatchObject({ ok: false, detail: 'not sealed for 31 seconds' });
    sealer.start();
    sealer.wake();
    await expect.poll(() => verify(ledger, disk)).toMatchObject({ entries: 7, unsealed: 0 });
    await sealer.close();
    expect(log.lines).toEqual([]);
    ledger.append('after the end');
    await sealer.look();
    expect(ledger.checkpoints.size).toBe(4);
  });
});

describe('verifying', () => {
  it.each([
    [(rows: { text: string }[]) => rows.splice(2, 2), ['entries_removed 2']],
    [(rows: { text: string }[]) => rows.splice(1, 2), ['entries_removed 1', 'entries_removed 2']],
    [
      (rows: { text: string }[]) => rows.reverse().map((row, n) => Object.assign(row, { seq: n + 1 })),
      ['entries_changed 1', 'entries_moved 2', 'entries_changed 3'],
    ],
  ])('says what was done to which entries (%#)', async (tamper, kinds) => {
    const { ledger, disk } = await openSealed();
    tamper(ledger.rows);
    expect(await kindsOf(ledger, disk)).toEqual(kinds);
  });

  it('does not take a checkpoint for one of another place, nor for one that follows another', async () => {
    const { ledger, disk } = await openSealed();
    const [first = '', second = ''] = [ledger.checkpoints.get(1), ledger.checkpoints.get(2)];
    ledger.checkpoints.set(2, first);
    expect(await kindsOf(ledger, disk)).toEqual(['checkpoint_forged 2']);
    const other = openLedger();
    other.append('x');
    await startSealer(other, openDisk()).look();
    ledger.checkpoints.set(1, other.checkpoints.get(1) ?? '').set(2, second);
    expect(await kindsOf(ledger, disk)).toContain('checkpoint_unlinked 2');
    ledger.checkpoints.set(3, first);
    expect(await kindsOf(ledger, disk)).toEqual(
      expect.arrayContaining(['checkpoint_forged 3', 'store_other 3']),
    );
  });

  it('tells the first hundred findings and counts the others', async () => {
    const [ledger, disk] = [openLedger(), openDisk()];
    ledger.append(...texts(400));
    await startSealer(ledger, disk).look();
    for (const row of ledger.rows) if (row.seq % 2 === 0) row.text = '!';
    const { findings, findingsInAll, entries } = await verify(ledger, disk);
    expect([findings.length, findingsInAll, entries]).toEqual([100, 200, 200]);
  });

  it('reads far more than a page, checkpoint by checkpoint', async () => {
    const [ledger, disk] = [openLedger(), openDisk()];
    const { look } = startSealer(ledger, disk);
    for (let n = 0; n < 40; n++) {
      ledger.append(...texts(n === 20 ? 700 : 3));
      await look();
    }
    ledger.append(...texts(501));
    expect(await verify(ledger, disk)).toMatchObject({
      intact: true,
      entries: 817,
      checkpoints: 41,
      unsealed: 501,
    });
  });
});

describe('a finding', () => {
  const at = '2026-11-22T10:00:00.000Z';
  const run = { kind: 'entries_removed', checkpoint: 2, at, first: '6', last: '6', count: 1 } as const;
  it.each<[Finding, string]>([
    [run, `Entry 6 was removed (checkpoint 2, sealed at ${at}).`],
    [{ ...run, last: '8', count: 3 }, `3 entries, 6 to 8, were removed (checkpoint 2, sealed at ${at}).`],
    [{ kind: 'checkpoint_missing', checkpoint: 2 }, 'Checkpoint 2 is missing.'],
    [{ kind: 'checkpoint_missing', checkpoint: 2, lastCheckpoint: 4 }, 'Checkpoints 2 to 4 are missing.'],
    [
      { kind: 'checkpoint_unknown_key', checkpoint: 2, key: 'ab' },
      'Checkpoint 2 is signed with a key that is not configured here (its ID is ab).',
    ],
    [
      { kind: 'store_other', checkpoint: 2, at },
      `Checkpoint 2, sealed at ${at}, is not the one that this host has seen.`,
    ],
  ])('is told in a sentence (%#)', (finding, sentence) => {
    expect(sentenceOf(finding)).toBe(sentence);
  });
});
