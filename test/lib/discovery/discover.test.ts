import { describe, expect, it } from 'vitest';
import { discover } from '../../../lib/discovery/discover.js';
import type { Scanner } from '../../../lib/ports/scanner.js';
import { fakeCore } from '../../fakes/core.js';
import { atDeadlines } from '../../fakes/deadlines.js';

const fakeScanner = (scan: Scanner['scan']): Scanner => ({
  scan,
  watch: () => () => undefined,
});

describe('looking around on this host', () => {
  it('reports what every scanner sees', async () => {
    const { core, containers, processes } = fakeCore();
    containers.spawn('a1');
    containers.spawn('bare', { labelled: false });
    processes.spawn('a2', { startedAt: 5 });
    const { seen, blind } = await discover(core);
    expect(seen).toMatchObject([
      { agentId: 'a1', kind: 'docker' },
      { agentId: 'a2', kind: 'process', startedAt: 5 },
    ]);
    expect(blind).toEqual([]);
  });

  it('passes on what a scanner could not see and what it may not read', async () => {
    const { core } = fakeCore();
    const scanners = [
      fakeScanner(async () => ({ seen: [], blind: 'the engine does not answer', unread: 2 })),
      fakeScanner(async () => ({ seen: [], unread: 3 })),
    ];
    expect(await discover({ ...core, scanners })).toEqual({
      seen: [],
      blind: ['the engine does not answer'],
      unread: 5,
    });
  });

  it.each<[string, Scanner['scan']]>([
    ['rejects', () => Promise.reject(new Error('broken'))],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['hangs', () => new Promise(() => undefined)],
  ])('tells what the others see where one %s, and that it is not all', async (_, sightings) => {
    const { core, containers, log } = fakeCore({ limits: { respondMs: 20 } });
    containers.spawn('a1');
    const { seen, blind } = await atDeadlines(() =>
      discover({ ...core, scanners: [fakeScanner(sightings), containers] }),
    );
    expect(seen).toMatchObject([{ agentId: 'a1' }]);
    expect(blind).toEqual(['a scanner does not answer']);
    expect(log.lines).toMatchObject([
      { level: 'error', message: 'a scanner does not answer: labelled agents may run here unseen' },
    ]);
  });
});
