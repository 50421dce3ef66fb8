import fc from 'fast-check';
import { expect, it } from 'vitest';
import { areDown, isRefused, type LayerOutcome, type OutcomeName } from '../../../lib/domain/outcome.js';
import type { ApiResponse } from '../../../lib/triggers/api-request.js';
import { type Answers, agent, kill, killAll, latch, layer, problem, summary } from './origins.helper.js';

const names = ['a', 'b', 'c'] as const;
const outcomeNames: readonly OutcomeName[] = [
  ...(['dead', 'removed', 'alreadyGone', 'refused', 'skipped', 'failed', 'pending'] as const),
];

/** One agent, where it runs, and what is true of it. */
const truth = fc.record({
  host: fc.constantFrom(...names),
  outcome: fc.constantFrom(...outcomeNames),
});
type Truth = { readonly host: string; readonly outcome: OutcomeName };

const isTold = (answered: ApiResponse | undefined): boolean =>
  answered?.status === 200 || answered?.status === 202;

/** A receipt as an origin makes it, of these agents. */
function receiptOf(told: readonly ReturnType<typeof agent>[], operationId: string): ApiResponse {
  const down = told.filter(({ outcomes }) => areDown(outcomes)).length;
  const pending = told.filter(one => one.pending.length > 0).length;
  const refused = told.filter(({ outcomes }) => outcomes.some(isRefused)).length;
  const counts = { killed: down, failed: told.length - down, pending, refused };
  const status = counts.failed + pending + refused > 0 ? 202 : 200;
  return summary(told, { operationId, ...counts }, status);
}

/** What the origin with this name says of all agents there are. */
function wordOf(name: string, truths: readonly Truth[], isShared: boolean): ApiResponse {
  const operationId = isShared ? 'op' : `op-${name}`;
  const told = truths.flatMap(({ host, outcome }, index) => {
    const id = `agent-${index}`;
    if (host === name) return agent(id, [layer(outcome)], { host, operationId });
    const waiting: LayerOutcome = layer('pending', { detail: `host ${host} has not answered` });
    return isShared ? agent(id, [waiting], { host, operationId }) : [];
  });
  return receiptOf(told, operationId);
}

it('is true to what became of every agent, whether the origins share a store or not', () => {
  fc.assert(
    fc.property(
      fc.array(truth, { maxLength: 8 }),
      fc.boolean(),
      fc.uniqueArray(fc.constantFrom(...names)),
      (truths, isShared, frozen) => {
        const answers: Answers = Object.fromEntries(
          names.map(name => [name, frozen.includes(name) ? undefined : wordOf(name, truths, isShared)]),
        );
        const { status, body } = killAll(answers);
        if (frozen.length === names.length) {
          expect(status).toBe(503);
          return;
        }
        const known = truths.filter(({ host }) => isShared || !frozen.includes(host));
        const seen = known.filter(({ host }) => !frozen.includes(host));
        const down = seen.filter(({ outcome }) => areDown([layer(outcome)]));
        expect(body).toMatchObject({
          total: known.length,
          killed: down.length,
          failed: known.length - down.length,
        });
        const agents = body.agents.map(({ agentId }: { agentId: string }) => agentId);
        expect(new Set(agents).size).toBe(known.length);
        const proven = truths.every(
          ({ host, outcome }) =>
            !frozen.includes(host) && ['dead', 'removed', 'alreadyGone'].includes(outcome),
        );
        // A container that is dead and not removed yet is still owed, so it is not a 200.
        if (body.verified) expect(proven).toBe(true);
        if (frozen.length > 0) expect(body.verified).toBe(false);
        if (status === 200) expect(frozen).toEqual([]);
        for (const name of frozen) expect(body.errors).toContain(`origin ${name} did not answer`);
      },
    ),
  );
});

const layers = fc.array(
  fc.record({
    layer: fc.constantFrom('container', 'process', 'worktree'),
    outcome: fc.constantFrom(...outcomeNames, 'vaporised'),
  }),
  { maxLength: 3 },
) as fc.Arbitrary<LayerOutcome[]>;

/** Anything that an origin could say, sound or not. */
const anyAgent = fc
  .record({
    id: fc.constantFrom('a1', 'a2'),
    outcomes: layers,
    host: fc.option(fc.constantFrom('h1', 'h2'), { nil: undefined }),
    operationId: fc.constantFrom('op-1', 'op-2'),
    verified: fc.boolean(),
  })
  .map(({ id, outcomes, host, ...rest }) => agent(id, outcomes, { ...rest, ...(host && { host }) }));
const status = fc.constantFrom(200, 202);
const flags = fc.record({ incomplete: fc.constant(true), degraded: fc.constant(true) }, { requiredKeys: [] });
const refusal = fc.constantFrom(
  ...(['agent_not_found', 'invalid_state', 'forbidden', 'conflict', 'unauthenticated', 'internal'] as const),
);
const bad = fc.oneof(
  fc.constant(undefined),
  refusal.map(code => problem(code)),
  fc.record({ status: fc.integer({ min: 200, max: 599 }), body: fc.jsonValue() }),
);
const anySummary = fc
  .tuple(fc.array(anyAgent, { maxLength: 3 }), flags, fc.boolean(), status)
  .map(([agents, more, verified, code]) => summary(agents, { ...more, verified }, code));
const anyKill = fc
  .tuple(anyAgent, flags, status)
  .map(([one, more, code]): ApiResponse => ({ status: code, body: { message: 'm', ...one, ...more } }));
const origins = (answer: fc.Arbitrary<ApiResponse>) =>
  fc.record({ a: fc.oneof(answer, bad), b: fc.oneof(answer, bad), c: fc.oneof(answer, bad) });

it.each([
  ['kill-all', killAll, origins(anySummary), []],
  ['kill', kill, origins(anyKill), ['agent_not_found', 'invalid_state']],
] as const)(
  'never says of a %s that it is verified, or done, if any origin did not answer to it',
  (_name, merge, all, fine) => {
    fc.assert(
      fc.property(all, answers => {
        const { status: merged, body } = merge(answers);
        const codeOf = (one: ApiResponse | undefined) =>
          (one?.body as { code?: string } | undefined)?.code ?? '';
        const fulfilled = Object.values(answers).every(
          one =>
            (isTold(one) && 'operationId' in Object(one?.body)) || fine.some(code => code === codeOf(one)),
        );
        if (merged === 200 || body.verified === true) expect(fulfilled).toBe(true);
        if (body.verified === true) {
          const words = Object.values(answers).filter(isTold);
          expect(words.some(one => (one?.body as { verified?: boolean } | null | undefined)?.verified)).toBe(
            true,
          );
          expect(body).not.toHaveProperty('incomplete');
          expect(body).not.toHaveProperty('degraded');
        }
        if (merged === 200) {
          expect(Object.values(answers).some(one => one?.status === 200)).toBe(true);
          expect(body).not.toHaveProperty('incomplete');
        }
      }),
      { numRuns: 500 },
    );
  },
);

const anyLatch = fc.boolean().map((engaged): ApiResponse => ({ status: 200, body: { engaged } }));

it('never says that the stop is engaged, or released, unless every origin does', () => {
  fc.assert(
    fc.property(origins(anyLatch), answers => {
      const says = (engaged: boolean) =>
        Object.values(answers).every(
          one => isTold(one) && (one?.body as { engaged?: unknown } | null)?.engaged === engaged,
        );
      if (latch.POST(answers).body.engaged === true) expect(says(true)).toBe(true);
      if (latch.DELETE(answers).body.engaged === false) expect(says(false)).toBe(true);
      if (latch.GET(answers).status === 200) expect(says(true) || says(false)).toBe(true);
    }),
  );
});

const count = fc.integer({ min: 0, max: 4 });
const anyCounts = fc.record(
  { total: count, killed: count, failed: count, pending: count, refused: count },
  { requiredKeys: [] },
);

it('never counts fewer agents, nor more of them as killed, than the origins name, whatever one of them says', () => {
  fc.assert(
    fc.property(fc.array(truth, { maxLength: 3 }), anySummary, anyCounts, (truths, lie, counts) => {
      const liar: ApiResponse = { ...lie, body: { ...(lie.body as object), ...counts } };
      const { status, body } = killAll({ a: wordOf('a', truths, false), b: liar });
      const known = truths.filter(({ host }) => host === 'a');
      const ids = new Set(body.agents.map(({ agentId }: { agentId: string }) => agentId));
      expect(body.total).toBe(ids.size);
      expect(body.total).toBeGreaterThanOrEqual(known.length);
      expect(body.killed + body.failed).toBe(body.total);
      if (status === 200) expect(known.every(({ outcome }) => areDown([layer(outcome)]))).toBe(true);
      if (body.verified) expect(body.agents.every((one: { verified: boolean }) => one.verified)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
