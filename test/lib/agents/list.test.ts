import { describe, expect, it } from 'vitest';
import { get, type ListQuery, list } from '../../../lib/agents/list.js';
import { actorWith, holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;
const alice = actorWith();

const idsOf = (agents: readonly string[]): string[] =>
  agents.map(text => (JSON.parse(text) as { agentId: string }).agentId);
const listed = async ({ core }: Bed, query: Partial<ListQuery> = {}, actor = alice) => {
  const page = await list(core, actor, { selector: {}, limit: 100, ...query });
  return { ...page, ids: idsOf(page.agents) };
};

describe('the list of agents', () => {
  it('passes records on as they stand', async () => {
    const bed = fakeCore();
    const text = '{ "agentId":"a1", "status":"running", "budget":12345678901234567890, "tools":[] }';
    bed.store.seedForeign('a1', text);
    expect((await listed(bed)).agents).toEqual([text]);
    expect(await get(bed.core, alice, 'a1')).toBe(text);
  });

  it('names each agent by its key, also where the record says nothing or something else', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('a1', '{"status":"running"}');
    bed.store.seedForeign('a2', '{"agentId":"a1","status":"running"}');
    expect((await listed(bed)).agents).toEqual([
      '{"status":"running","agentId":"a1"}',
      '{"agentId":"a2","status":"running"}',
    ]);
  });

  it('shows unreadable records as that', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('odd', new Uint8Array([0xff]));
    await bed.agent('a1');
    const shown = { agentId: 'odd', status: 'unreadable', detail: 'the record is not UTF-8' };
    expect((await listed(bed)).ids).toEqual(['a1', 'odd']);
    const { agents } = await listed(bed, { selector: { status: 'unreadable' } });
    expect(agents.map(text => JSON.parse(text) as unknown)).toEqual([shown]);
    expect(JSON.parse(await get(bed.core, alice, 'odd'))).toEqual(shown);
    expect((await listed(bed, { selector: { taskId: 't1' } })).ids).toEqual(['a1']);
    expect((await listed(bed, { selector: { status: 'running' } })).ids).toEqual(['a1']);
    expect((await listed(bed, { selector: { status: 'unreadable', taskId: 't1' } })).ids).toEqual(['odd']);
  });

  it('gives every agent once, page by page in the order of their IDs', async () => {
    const bed = fakeCore();
    const all = Array.from({ length: 2_345 }, (_, n) => `a${(n * 7919) % 2_345}`);
    for (const agentId of all) bed.store.seedForeign(agentId, '{"status":"completed"}');
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ; pages++) {
      const page = await listed(bed, { limit: 500, ...(cursor !== undefined && { cursor }) });
      expect(page.ids.length).toBeLessThanOrEqual(500);
      found.push(...page.ids);
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    expect(found).toEqual([...all].sort());
    expect(pages).toBe(4);
  });

  it('looks at so many records at a time, and goes on from there', async () => {
    const bed = fakeCore();
    const all = Array.from({ length: 10_500 }, (_, n) => `a${10_000 + n}`);
    for (const agentId of all) bed.store.seedForeign(agentId, '{"status":"completed"}');
    await bed.agent('b1');
    const selector = { status: 'running' } as const;
    const first = await listed(bed, { selector });
    expect(first).toMatchObject({ ids: [], cursor: all[9_999] });
    const second = await listed(bed, { selector, cursor: first.cursor ?? '' });
    expect(second).toEqual({ ids: ['b1'], agents: second.agents });
  });

  it('reads no more records than it shows, and one, where all are asked for', async () => {
    const bed = fakeCore();
    for (const id of ['a1', 'a2', 'a3', 'a4']) await bed.agent(id);
    const read: number[] = [];
    bed.store.faults.lie('page', truth => {
      const page = truth();
      read.push(page.agents.length);
      return page;
    });
    expect((await listed(bed, { limit: 2 })).ids).toEqual(['a1', 'a2']);
    expect(read).toEqual([3]);
  });

  it('has no cursor on a last page that is just full', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('a2');
    expect(await listed(bed, { limit: 2 })).not.toHaveProperty('cursor');
    expect(await listed(bed, { limit: 1 })).toMatchObject({ ids: ['a1'], cursor: 'a1' });
    expect(await listed(bed, { limit: 1, cursor: 'a1' })).toMatchObject({ ids: ['a2'] });
    expect(await listed(bed, { cursor: 'a2' })).toMatchObject({ ids: [] });
  });

  it('takes the members of a selector together', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { members: { labels: { team: 'core' } } });
    await bed.agent('a2', { status: 'completed', members: { labels: { team: 'core' } } });
    await bed.agent('a3', { members: { taskId: 't2', labels: { team: 'core' } } });
    const selector = { status: 'running', taskId: 't1', labels: { team: 'core' } } as const;
    expect((await listed(bed, { selector })).ids).toEqual(['a1']);
  });

  it('needs the scope', async () => {
    const { core } = fakeCore();
    const actor = holding('agents:kill');
    await expect(list(core, actor, { selector: {}, limit: 1 })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(get(core, actor, 'a1')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('fails when the store does not answer', async () => {
    const bed = fakeCore();
    bed.store.faults.fail('page');
    await expect(listed(bed)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('a narrowed credential', () => {
  const open = async () => {
    const bed = fakeCore();
    await bed.agent('a1', { members: { host: 'h1' } });
    await bed.agent('a2', { members: { taskId: 't2', host: 'h2' } });
    bed.store.seedForeign('odd', '?');
    return bed;
  };

  it.each([
    [{ agentId: 'a1' }, ['a1']],
    [{ agentId: 'odd' }, ['odd']],
    [{ taskId: 't2' }, ['a2']],
    [{ host: 'h1' }, ['a1']],
    [{ taskId: 't1', host: 'h2' }, []],
  ])('%j sees only %j', async (within, ids) => {
    expect((await listed(await open(), {}, narrowedTo(within))).ids).toEqual(ids);
  });

  it('gets nothing of an agent that lies outside, and cannot tell an unreadable record from it', async () => {
    const { core } = await open();
    const actor = narrowedTo({ taskId: 't1' });
    expect(idsOf([await get(core, actor, 'a1')])).toEqual(['a1']);
    for (const agentId of ['a2', 'odd']) {
      await expect(get(core, actor, agentId)).rejects.toMatchObject({ code: 'forbidden' });
    }
    await expect(get(core, narrowedTo({ agentId: 'a1' }), 'nobody')).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(get(core, alice, 'nobody')).rejects.toMatchObject({ code: 'agent_not_found' });
  });

  it('says of an active agent of this host that it is seen gone, when two looks did not see it', async () => {
    const bed = fakeCore();
    const containerId = 'c'.repeat(64);
    for (const [agentId, members] of [
      ['a1', { containerId, host: 'h1' }],
      ['a2', { containerId, host: 'h2' }],
      ['a3', {}],
      ['a4', { containerId }],
    ] as const) {
      await bed.agent(agentId, { container: false, worktree: false, members });
    }
    const seen = async () => {
      const { agents } = await list(bed.core, actorWith(), { selector: {}, limit: 10 });
      return agents.map(text => (JSON.parse(text) as { seen?: string }).seen);
    };
    bed.core.presence.note(new Set());
    expect(await seen()).toEqual([undefined, undefined, undefined, undefined]);
    bed.core.presence.note(new Set(['a4']));
    expect(await seen()).toEqual(['gone', undefined, undefined, undefined]);
    expect((await bed.stored('a1'))?.raw).not.toContain('seen');
  });

  it('ends a page after so many records that it does not list, with a cursor to go on from', async () => {
    const bed = fakeCore();
    let pages = 0;
    const page = async (after: string) => {
      pages += 1;
      return { agents: [], next: `${after}x` };
    };
    const { records } = bed.core;
    const found = await list({ ...bed.core, records: { ...records, page } }, alice, {
      selector: { taskId: 't9' },
      limit: 5,
    });
    expect(found).toEqual({ agents: [], cursor: 'x'.repeat(pages) });
  });
});
