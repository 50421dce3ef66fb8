import { describe, expect, it } from 'vitest';
import type { Scanner, Sighting } from '../../lib/ports/scanner.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../fakes/core.js';
import { atDeadlines } from '../fakes/deadlines.js';
import type { Bed } from './bench.js';

const brief = { limits: { respondMs: 60 } };
const takeDown = ({ store }: Bed): void => {
  for (const method of ['read', 'agents', 'scan', 'commit'] as const) store.faults.fail(method);
};

/** Stops both agents without a store, with the journal as it is, and says what is left to do. */
async function stopBoth(bed: Bed) {
  const agents = [await bed.agent('a1'), await bed.agent('a2')];
  takeDown(bed);
  const receipt = await atDeadlines(() => stopOn(bed.core).stop(killAllOf()));
  expect(await Promise.all(agents.map(agent => agent.isAlive()))).toEqual([false, false]);
  expect(receipt).toMatchObject({ degraded: true, total: 2, killed: 2 });
  return receipt;
}

/** The store is back. */
async function goOn(bed: Bed): Promise<void> {
  bed.store.faults.heal();
  await startOn(bed.core);
}

describe('a journal whose append', () => {
  it.each<[string, (bed: Bed) => void, string[] | undefined, status: string]>([
    [
      'throws',
      ({ journal }) => journal.faults.fail('append', { error: new Error('broken') }),
      ['the order could not be written down: repeat it when the store is back'],
      'running',
    ],
    ['hangs', ({ journal }) => journal.faults.hang('append'), undefined, 'running'],
    [
      'answers late',
      ({ journal }) => journal.faults.late('append', new Promise(setImmediate)),
      undefined,
      'killed',
    ],
    ['is done twice', ({ journal }) => journal.faults.duplicate('append'), undefined, 'killed'],
    ['lies', ({ journal }) => journal.faults.lie('append', () => undefined), undefined, 'running'],
  ])('%s keeps no agent alive', async (_, meddle, errors, status) => {
    const bed = fakeCore(brief);
    meddle(bed);
    expect((await stopBoth(bed)).errors).toEqual(errors);
    await goOn(bed);
    expect(await bed.record('a1')).toMatchObject({ status });
  });
});

describe('a journal whose', () => {
  it.each<[string, (bed: Bed) => void]>([
    ['read throws', ({ journal }) => journal.faults.fail('read', { error: new Error('broken'), times: 1 })],
    [
      'remove throws',
      ({ journal }) => journal.faults.fail('remove', { error: new Error('broken'), times: 1 }),
    ],
    [
      'read and remove are done twice',
      ({ journal }) => {
        journal.faults.duplicate('read');
        journal.faults.duplicate('remove');
      },
    ],
    ['read says nothing once', ({ journal }) => journal.faults.lie('read', () => [], { times: 1 })],
    [
      'entry is there twice',
      ({ journal }) => journal.faults.lie('read', truth => [...truth(), ...truth()], { times: 1 }),
    ],
    [
      'entry is gone already',
      ({ journal }) =>
        journal.faults.lie('remove', truth => {
          truth();
          return truth();
        }),
    ],
  ])('%s loses no order and carries none out twice', async (_, meddle) => {
    const bed = fakeCore(brief);
    await stopBoth(bed);
    meddle(bed);
    await goOn(bed);
    await startOn(bed.core);
    expect(bed.journal.memory.size).toBe(0);
    for (const agentId of ['a1', 'a2']) {
      expect(await bed.record(agentId)).toMatchObject({ status: 'killed', kill: { pending: [] } });
      expect(
        bed.store.memory.audit.filter(entry => entry.agentId === agentId).map(({ phase }) => phase),
      ).toEqual(['accepted', 'settled']);
    }
  });
});

describe('a scanner that', () => {
  const scanner = (scan: Scanner['scan']): Scanner => ({ scan, watch: () => () => undefined });
  const ghost: Sighting = { agentId: 'ghost', kind: 'docker', id: 'c'.repeat(64), startedAt: 1 };
  const faults: [string, (bed: Bed) => Scanner['scan']][] = [
    ['rejects', () => () => Promise.reject(new Error('broken'))],
    [
      'throws',
      () => () => {
        throw new Error('broken');
      },
    ],
    ['hangs', () => () => new Promise(() => undefined)],
    ['sees what is gone', () => async () => ({ seen: [ghost] })],
    ['sees nothing', () => async () => ({ seen: [] })],
    [
      'sees everything twice',
      bed => async () => {
        const { seen } = await bed.containers.scan();
        return { seen: [...seen, ...seen] };
      },
    ],
    [
      'answers late',
      bed => async () => {
        await new Promise(setImmediate);
        return bed.containers.scan();
      },
    ],
  ];

  it.each(faults)('%s does not keep the others from having everything stopped', async (_, fault) => {
    const bed = fakeCore(brief);
    const agents = [await bed.agent('a1'), await bed.agent('a2')];
    takeDown(bed);
    const scanners = [scanner(fault(bed)), bed.containers];
    await stopOn({ ...bed.core, scanners }).stop(killAllOf());
    expect(await Promise.all(agents.map(agent => agent.isAlive()))).toEqual([false, false]);
  });

  it.each(faults)('%s does not keep a killed agent running that the others see', async (_, fault) => {
    const bed = fakeCore(brief);
    await bed.agent('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    const back = bed.containers.spawn('a1');
    await startOn({ ...bed.core, scanners: [scanner(fault(bed)), bed.containers] });
    expect(await back.isRunning()).toBe(false);
    const told = bed.store.memory.audit.filter(({ operation }) => operation === 'RESURRECTION');
    expect(told).toHaveLength(1);
  });

  it.each(faults)('%s keeps no debt from being paid', async (_, fault) => {
    const bed = fakeCore(brief);
    const agent = await bed.agent('a1');
    bed.containers.inject('kill', 'throws');
    await stopOn(bed.core).stop(killOf('a1'));
    await startOn({ ...bed.core, scanners: [scanner(fault(bed))] });
    expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, false]);
    expect([...(bed.store.memory.debts.get('h1') ?? [])]).toEqual([]);
  });
});
