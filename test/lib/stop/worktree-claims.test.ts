import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../lib/domain/record.js';
import { openClaims, type Stopping } from '../../../lib/stop/worktree-claims.js';
import { type AgentOptions, fakeCore } from '../../fakes/core.js';

const ALSO = 'other records name it, or a directory above or below it';
const refusedFor = (ids: string) => ({
  outcome: 'refused',
  detail: `${ALSO}: ${ids}; stop these agents, or correct the records`,
});
const pendingFor = (ids: string) => ({ outcome: 'pending', detail: `${ALSO}: ${ids}, not seen dead yet` });
const UNKNOWN = {
  outcome: 'pending',
  detail: 'left in place: the store does not answer, so it is unknown whether another record names it',
};

/** A core with agent `a`, whose worktree `/worktrees/a` is about to be moved. */
async function open(over: Parameters<typeof fakeCore>[0] = {}) {
  const bench = fakeCore(over);
  const stopping: Stopping[] = [];
  const claims = openClaims(bench.core, () => stopping);
  const ask = (agentId = 'a') =>
    claims.against(agentId)([{ root: '/worktrees', path: `/worktrees/${agentId}` }]);
  const add = (agentId: string, members: Record<string, unknown>, options: AgentOptions = {}) =>
    bench.agent(agentId, { ...options, members: { worktreePath: '/worktrees/a', ...members } });
  const agentOf = async (agentId: string) => {
    const stored = await bench.stored(agentId);
    const reading = stored && readRecord(stored);
    if (reading?.kind !== 'agent') throw new Error('no agent');
    return reading.agent;
  };
  await bench.agent('a');
  return { ...bench, stopping, claims, ask, add, agentOf };
}

/** A record of an agent that was killed, and what this host owes for it. */
async function killed({ core, add }: Awaited<ReturnType<typeof open>>, agentId: string, kill: object) {
  await add(agentId, { kill: { operationId: 'op', ...kill } }, { status: 'killed' });
  const debt = { host: core.hostId, dueAt: 10 ** 13 };
  const [stored] = await core.records.agents([agentId]);
  const raw = stored?.raw ?? null;
  await core.records.commit([
    { document: { kind: 'agent', id: agentId }, expect: raw, next: raw, debt, audit: [] },
  ]);
}

describe('the worktree of an agent', () => {
  it('is free while its own record alone names it', async () => {
    const { ask, agent } = await open();
    await agent('b');
    expect(await ask()).toBeUndefined();
  });

  it.each([
    ['names it too', '/worktrees/a'],
    ['names it in another spelling', '/worktrees//x/../a/'],
    ['names a directory in it', '/worktrees/a/sub'],
  ])('is claimed by an active agent whose record %s', async (_, worktreePath) => {
    const { ask, add } = await open();
    await add('b', { worktreePath }, { status: 'spawning' });
    expect(await ask()).toEqual(refusedFor('b'));
  });

  it('is claimed by one whose record names a directory that holds it, but no allowed root', async () => {
    const { claims, add } = await open();
    await add('all', { worktreePath: '/' });
    await add('root', { worktreePath: '/worktrees' });
    const place = { root: '/worktrees', path: '/worktrees/team/a' };
    expect(await claims.against('a')([place])).toBeUndefined();
    await add('team', { worktreePath: '/worktrees/team' });
    expect(await claims.against('a')([place])).toEqual(refusedFor('team'));
  });

  it('is claimed under each of its spellings', async () => {
    const { claims, add } = await open();
    await add('b', { worktreePath: '/mnt/trees/a' });
    const places = [
      { root: '/worktrees', path: '/worktrees/a' },
      { root: '/mnt/trees', path: '/mnt/trees/a' },
    ];
    expect(await claims.against('a')(places)).toEqual(refusedFor('b'));
  });

  it('is claimed on its own host alone, and by those of no known host', async () => {
    const { ask, add } = await open();
    await add('elsewhere', { host: 'h2' });
    expect(await ask()).toBeUndefined();
    await add('here', { host: 'h1' });
    await add('anywhere', {});
    expect(await ask()).toEqual(refusedFor('anywhere, here'));
  });

  it('is not claimed by one that ended, that has none, or whose path or record cannot be read', async () => {
    const { ask, add, agent, store } = await open();
    await add('completed', {}, { status: 'completed' });
    await agent('none', { worktree: false });
    await add('relative', { worktreePath: 'worktrees/a' });
    store.seedForeign('odd', 'no JSON');
    expect(await ask()).toBeUndefined();
  });

  it('tells the first three of many by name', async () => {
    const { ask, add } = await open();
    for (const id of ['f', 'e', 'd', 'c', 'b']) await add(id, {});
    expect(await ask()).toEqual(refusedFor('b, c, d and 2 more'));
  });
});

describe('an agent that was killed', () => {
  it.each(['container', 'process'])('claims its worktree while its %s is owed', async layer => {
    const bench = await open();
    await killed(bench, 'b', { pending: [layer, 'worktree'] });
    expect(await bench.ask()).toEqual(pendingFor('b'));
  });

  it('claims it no more when it was seen dead, or all is settled', async () => {
    const bench = await open();
    await killed(bench, 'dead', { pending: ['worktree'] });
    await killed(bench, 'settled', { pending: ['container'], confirmedAt: '2026-11-22T10:00:00.000Z' });
    expect(await bench.ask()).toBeUndefined();
  });

  it('in the same operation claims it until it is seen dead, so that both are cleared in the end', async () => {
    const bench = await open();
    const { stopping, agentOf, ask } = bench;
    await killed(bench, 'b', { pending: ['container', 'worktree'] });
    const b = await agentOf('b');
    stopping.push({ agent: b, isDown: false });
    expect(await ask()).toEqual(pendingFor('b'));
    stopping[0] = { agent: b, isDown: true };
    expect(await ask()).toBeUndefined();
  });

  it('is known of this process before any record says so', async () => {
    const { stopping, ask } = await open();
    stopping.push({ agent: { agentId: 'b', worktreePath: '/worktrees/a' }, isDown: false });
    stopping.push({ agent: { agentId: 'c' }, isDown: false });
    expect(await ask()).toEqual(pendingFor('b'));
  });
});

describe('an agent that another program registered', () => {
  it('claims its worktree from when it was first seen here, for as long as its record says that it runs', async () => {
    const { core, ask, store } = await open();
    const record = { agentId: 'b', status: 'running', worktreePath: '/worktrees/a' };
    store.seedForeign('b', JSON.stringify(record));
    expect(await ask()).toBeUndefined();
    core.recordCache.set('b', { ...record, status: 'running', sandboxes: [], labels: {} });
    expect(await ask()).toEqual(refusedFor('b'));
    store.seedForeign('b', JSON.stringify({ ...record, status: 'completed' }));
    expect(await ask()).toBeUndefined();
  });
});

describe('while the store does not answer', () => {
  it('the worktree is left until the records can be read', async () => {
    const { ask, store } = await open();
    for (const method of ['scan', 'debts'] as const) {
      store.faults.fail(method, { times: 1 });
      expect(await ask()).toEqual(UNKNOWN);
    }
    expect(await ask()).toBeUndefined();
  });

  it('one that this node remembers is named', async () => {
    const { core, ask, store } = await open();
    core.recordCache.set('b', {
      agentId: 'b',
      status: 'running',
      sandboxes: [],
      labels: {},
      worktreePath: '/worktrees/a',
    });
    core.recordCache.set('c', {
      agentId: 'c',
      status: 'running',
      sandboxes: [],
      labels: {},
      worktreePath: '/worktrees/c',
    });
    store.faults.fail('scan');
    expect(await ask()).toEqual(refusedFor('b'));
  });

  it('an unknown fault is logged, and nothing is moved', async () => {
    const { ask, store, log } = await open();
    store.faults.fail('scan', { error: new Error('odd') });
    expect(await ask()).toEqual(UNKNOWN);
    expect(JSON.stringify(log)).toContain('who else names a worktree');
  });
});

describe('many who ask at the same time', () => {
  it('share one pass over the records, each with its own answer', async () => {
    const bench = await open();
    const { core, ask, add, agent } = bench;
    await agent('d');
    await add('b', {});
    let scans = 0;
    const scan = core.records.scan.bind(core.records);
    core.records.scan = scope => {
      scans += 1;
      return scan(scope);
    };
    const answers = await Promise.all([ask('a'), ask('d'), ask('a')]);
    expect(answers).toEqual([refusedFor('b'), undefined, refusedFor('b')]);
    expect(scans).toBe(1);
  });

  it('are answered by a pass that began after they asked', async () => {
    const { ask, add, agent } = await open();
    await agent('d');
    const first = ask('d');
    await add('b', {});
    expect(await ask()).toEqual(refusedFor('b'));
    expect(await first).toBeUndefined();
  });
});
