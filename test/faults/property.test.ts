import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isActive } from '../../lib/domain/agent.js';
import { type Happening, openWorld, type World } from './world.js';

const isLong = process.env['KILLSWITCH_TEST_LONG'] === '1';
/** The same runs every time; another one by hand. It is told on failure. */
const SEED = Number(process.env['KILLSWITCH_TEST_SEED'] ?? 20_261_122);
const AGENTS = ['a0', 'a1', 'a2'] as const;

const agentId = fc.constantFrom(...AGENTS);
const dies = fc.option(
  fc.record({
    commit: fc.integer({ min: 1, max: 6 }),
    when: fc.constantFrom('before' as const, 'after' as const),
  }),
  { nil: undefined, freq: 2 },
);
const foreignText = fc.constantFrom(
  '{"status":"running"}',
  '{"status":"spawning","worktreePath":"/worktrees/x"}',
  '{"status":"completed"}',
  '{"status":"running","host":"h2"}',
  '{"status":"killed","host":"h2","kill":{"operationId":"old","pending":["container"]}}',
  '{"status":"killed"}',
  '{"status":"killed","kill":{"operationId":"old","pending":["container"]}}',
  '{"status":"running","kill":{"operationId":"old","pending":["container","worktree"]}}',
  '{"status":"killed","kill":{"operationId":"old","pending":[],"confirmedAt":"2026-11-22T10:00:00Z"}}',
  '?',
  '',
  new Uint8Array([0xff, 0xfe]),
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      agentId,
      status: fc.constantFrom('spawning', 'running'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('transition' as const),
      agentId,
      status: fc.constantFrom('running', 'completed'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('kill' as const), agentId, dies }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill-all' as const), latch: fc.boolean(), dies }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('race' as const), agentId }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('foreign' as const), agentId, bytes: foreignText }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), agentId }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('break' as const, 'mend' as const), agentId }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom<'engage' | 'reset' | 'crash' | 'look' | 'store down' | 'store up'>(
        'engage',
        'reset',
        'crash',
        'look',
        'look',
        'store down',
        'store up',
      ),
    }),
  },
);

/** Nobody came in whom the emergency stop or an earlier kill keeps out. */
function expectNobodyLetIn({ admitted }: World): void {
  expect(admitted.filter(({ latched, killed }) => latched || killed)).toEqual([]);
}

/** A debt that is gone was paid: seen dead, and settled; or its record is somebody else's by now. */
async function expectDebtsPaid(world: World, before: readonly string[]): Promise<void> {
  const seen = await world.sightings();
  for (const id of before.filter(one => !world.debts().includes(one))) {
    if (!AGENTS.some(one => one === id) || world.overwritten.has(id) || !world.hasRecord(id)) continue;
    // Handed over to the host that its record names.
    if (world.debts(world.record(id)?.host).includes(id)) continue;
    expect(world.record(id)?.kill, `${id} owes nothing any more`).toMatchObject({
      pending: [],
      confirmedAt: expect.any(String),
    });
    expect(seen.filter(one => one.agentId === id)).toEqual([]);
  }
}

/** Whoever is marked killed is so for ever, and owes until it is settled. */
function expectMarked(world: World): void {
  for (const id of AGENTS.filter(one => !world.overwritten.has(one))) {
    const agent = world.record(id);
    if (agent?.status !== 'killed') continue;
    expect(world.tombstones()).toContain(id);
    if (!agent.kill?.confirmedAt) expect(world.debts(agent.host)).toContain(id);
  }
}

/** What holds when this host has looked at everything, and nothing is broken. */
async function expectAllStopped(world: World): Promise<void> {
  const seen = await world.sightings();
  const killed = world.tombstones();
  for (const id of killed) {
    const status = world.status(id);
    expect(status !== undefined && isActive(status), `${id} is ${status}`).toBe(false);
  }
  expect(seen.filter(one => killed.includes(one.agentId))).toEqual([]);
  const { holds } = await world.latch();
  const since = Math.min(...holds.map(hold => Date.parse(hold.since)));
  expect(seen.filter(({ startedAt }) => (startedAt ?? 0) >= since)).toEqual([]);
  const unpaid = world.debts().filter(id => world.isOperation(id) || world.record(id)?.status === 'killed');
  expect([unpaid, [...world.journal.keys()]]).toEqual([[], []]);
}

it('whatever happens, what was killed stays dead, nothing owed is lost, and no one starts against the stop', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 25, size: 'max' }), async happenings => {
      const world = openWorld();
      const all: Happening[] = [
        ...happenings,
        // In the end everything is mended, and what was left is found.
        { kind: 'store up' },
        ...AGENTS.map(id => ({ kind: 'mend' as const, agentId: id })),
        { kind: 'crash' },
        { kind: 'look' },
      ];
      for (const what of all) {
        const before = world.debts();
        const wasRunning = await world.sightings();
        await world.happen(what);
        expectNobodyLetIn(world);
        expectMarked(world);
        await expectDebtsPaid(world, before);
        if (what.kind === 'look' && world.isWell()) {
          // Whom one look marks killed that runs where its record does not say so, the next one finds.
          await world.happen({ kind: 'look' });
          await expectAllStopped(world);
        }
        if (what.kind === 'race' && world.isWell()) {
          expect(AGENTS.filter(id => ['spawning', 'running'].includes(world.status(id) ?? ''))).toEqual([]);
          expect((await world.sightings()).length).toBeLessThanOrEqual(wasRunning.length);
        }
      }
    }),
    {
      numRuns: isLong ? 2_000 : 200,
      seed: SEED,
    },
  );
}, 300_000);
