import { describe, expect, it } from 'vitest';
import type { Agent } from '../../../lib/domain/agent.js';
import { idOf } from '../../../lib/domain/record.js';
import type { Selector } from '../../../lib/domain/selector.js';
import { matches } from '../../../lib/domain/selector.js';
import { select } from '../../../lib/stop/select.js';
import { fakeCore } from '../../fakes/core.js';

const agent: Agent = {
  agentId: 'a1',
  status: 'running',
  taskId: 't1',
  host: 'h1',
  sandboxes: [],
  labels: { team: 'core', tier: '' },
};

describe('a selector', () => {
  it.each<[boolean, Selector]>([
    [true, {}],
    [true, { agentIds: ['a0', 'a1'] }],
    [false, { agentIds: ['a0'] }],
    [false, { agentIds: [] }],
    [true, { status: 'running' }],
    [true, { status: ['spawning', 'running'] }],
    [false, { status: ['spawning'] }],
    [true, { taskId: 't1' }],
    [false, { taskId: 't2' }],
    [true, { host: 'h1' }],
    [false, { host: 'h2' }],
    [true, { labels: {} }],
    [true, { labels: { team: 'core', tier: '' } }],
    [false, { labels: { team: 'core', tier: '1' } }],
    [false, { labels: { toString: '' } }],
    [true, { agentIds: ['a1'], status: 'running', taskId: 't1', host: 'h1', labels: { team: 'core' } }],
    [false, { agentIds: ['a1'], status: 'running', taskId: 't1', host: 'h2', labels: { team: 'core' } }],
  ])('matches (%s) by %j', (expected, selector) => {
    expect(matches(selector, agent)).toBe(expected);
  });

  it('by task or host never matches an agent without', () => {
    const bare: Agent = { agentId: 'a1', status: 'running', sandboxes: [], labels: {} };
    expect([matches({ taskId: 't1' }, bare), matches({ host: 'h1' }, bare)]).toEqual([false, false]);
  });
});

describe('a selection', () => {
  const pick = async (bed: ReturnType<typeof fakeCore>, selector: Selector): Promise<string[][]> => {
    const pages: string[][] = [];
    for await (const page of select(bed.core.records, selector)) pages.push(page.map(idOf));
    return pages;
  };

  it('looks through the index first and then through every record', async () => {
    const bed = fakeCore();
    await bed.agent('indexed');
    bed.store.seedForeign('foreign', '{"status":"spawning"}');
    expect(await pick(bed, {})).toEqual([['indexed'], ['foreign'], []]);
  });

  it('gives each agent once, also when a scan gives it twice', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.faults.lie('scan', truth => truth().map(page => [...page, ...page]));
    expect((await pick(bed, {})).flat()).toEqual(['a1']);
  });

  it('looks again until a pass finds nothing new, so that those that were being started are caught', async () => {
    const bed = fakeCore();
    await bed.agent('a0');
    let passes = 0;
    bed.store.faults.lie('scan', truth => {
      if (passes++ < 5) bed.store.seedForeign(`late${passes}`, '{"status":"spawning"}');
      return truth();
    });
    expect((await pick(bed, {})).flat()).toEqual(['a0', 'late1', 'late2', 'late3', 'late4', 'late5']);
    expect(passes).toBe(6);
  });

  it('is not done again for agents that were found before, whatever became of them', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    let passes = 0;
    bed.store.faults.lie('scan', truth => {
      passes++;
      return truth();
    });
    await pick(bed, {});
    expect(passes).toBe(2);
  });

  it('ends where new ones are started without end, and says what to do', async () => {
    const bed = fakeCore();
    let passes = 0;
    bed.store.faults.lie('scan', truth => {
      bed.store.seedForeign(`a${passes++}`, '{"status":"running"}');
      return truth();
    });
    await expect(pick(bed, {})).rejects.toMatchObject({
      code: 'conflict',
      message: 'New agents kept appearing; engage the latch',
    });
    expect(passes).toBe(16);
  });

  it('by ID takes no scan', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.faults.fail('scan');
    expect(await pick(bed, { agentIds: ['a1'] })).toEqual([['a1']]);
  });

  it('takes the active alone, whatever the selector asks for', async () => {
    const bed = fakeCore();
    for (const status of ['spawning', 'running', 'completed', 'failed', 'killed'] as const) {
      await bed.agent(status, { status });
    }
    const found = async (selector: Selector) => [...new Set((await pick(bed, selector)).flat())];
    expect(await found({})).toEqual(['spawning', 'running']);
    expect(await found({ status: ['running', 'completed'] })).toEqual(['running']);
    expect(await found({ status: 'killed' })).toEqual([]);
    expect(await found({ agentIds: ['completed', 'spawning', 'spawning', 'nobody'] })).toEqual(['spawning']);
    expect(await found({ agentIds: [] })).toEqual([]);
  });

  it('takes unreadable records too, unless it asks for what they do not show', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('odd', new Uint8Array([0xff, 0xfe]));
    const found = async (selector: Selector) => (await pick(bed, selector)).flat();
    expect(await found({})).toEqual(['odd']);
    expect(await found({ agentIds: ['odd'] })).toEqual(['odd']);
    expect(await found({ agentIds: ['a1'] })).toEqual([]);
    for (const selector of [
      { taskId: 't1' },
      { host: 'h1' },
      { status: 'running' as const },
      { sandboxes: [], labels: {} },
    ]) {
      expect(await found(selector)).toEqual([]);
    }
  });
});
