import { describe, expect, it } from 'vitest';
import { mergeAnswers } from '../../../lib/gateway/merge.js';
import type { ApiResponse } from '../../../lib/triggers/api-request.js';
import {
  agent,
  get,
  kill,
  killAll,
  killed,
  latch,
  layer,
  open,
  problem,
  silent,
  summary,
} from './origins.helper.js';

const unavailable = (detail: string) => ({
  status: 503,
  body: {
    type: 'urn:killswitch:error:origins_unavailable',
    title: 'The request could not be passed on',
    status: 503,
    detail,
    code: 'origins_unavailable',
    requestId: 'r1',
  },
});
const removed = killed(agent('a1'));
const unknown = problem('agent_not_found', 'Unknown agent a1');
const page: ApiResponse = { status: 200, body: undefined };

describe('a kill at several origins', () => {
  const at = (kind: 'docker' | 'podman', id: string, outcome: 'removed' | 'pending') =>
    layer(outcome, { kind, id });

  it('keeps the word on each of several sandboxes of a layer', () => {
    const [here, there] = [{ host: 'h1' }, [at('docker', 'A', 'removed'), at('podman', 'B', 'removed')]];
    const waits = [at('docker', 'A', 'pending'), at('podman', 'B', 'pending')];
    const half = [at('docker', 'A', 'removed'), at('podman', 'B', 'pending')];
    const old = [layer('pending')];
    expect(kill({ a: killed(agent('a1', there, here)), b: open(agent('a1', waits, here)) })).toMatchObject({
      body: { verified: true, pending: [], outcomes: there },
    });
    expect(kill({ a: open(agent('a1', half, here)), b: open(agent('a1', old, here)) })).toMatchObject({
      body: { verified: false, pending: ['podman:B'], outcomes: half },
    });
  });

  it('takes a layer without a name for the one sandbox of it that others name', () => {
    const told = { a: killed(agent('a1', [at('docker', 'A', 'removed')], { host: 'h1' })) };
    const old = open(agent('a1', [layer('pending')], { host: 'h1' }));
    expect(kill({ ...told, b: old })).toMatchObject({ body: { verified: true, pending: [] } });
  });

  it('of separate stores leaves open what one says of a layer without a name', () => {
    const both = killed(agent('a1', [at('docker', 'A', 'removed'), at('podman', 'B', 'removed')]));
    expect(kill({ a: both, b: open(agent('a1', [layer('pending')])) })).toMatchObject({
      body: { verified: false, pending: ['container'] },
    });
  });

  it('is done where one has killed the agent and the others do not know it', () => {
    expect(kill({ a: unknown, b: removed, c: unknown })).toEqual({
      status: 200,
      body: {
        ...agent('a1'),
        message: 'Agent a1 killed successfully',
        origins: [
          { name: 'a', status: 404 },
          { name: 'b', status: 200, operationId: 'op-1' },
          { name: 'c', status: 404 },
        ],
      },
    });
  });

  it('is done where one was told a moment later, of a store that they share', () => {
    const late = problem('invalid_state', 'Agent a1 is killed already');
    expect(kill({ a: removed, b: late })).toMatchObject({ status: 200, body: { verified: true } });
    expect(kill({ a: late, b: removed })).toMatchObject({ status: 200, body: { verified: true } });
  });

  it('takes the word of the host where the others only wait for it', () => {
    const waiting = agent('a1', [layer('pending', { detail: 'host h2 has not answered' })], { host: 'h2' });
    const seen = agent('a1', [layer('removed', { deadAfterMs: 5 })], { host: 'h2', statusBefore: 'running' });
    const errors = ['a1: container pending: host h2 has not answered'];
    for (const answers of [
      { a: open(waiting, { errors }), b: killed(seen) },
      { a: killed(seen), b: open(waiting, { errors }) },
    ]) {
      const { status, body } = kill(answers);
      expect(status).toBe(200);
      expect(body).toMatchObject({ ...seen, message: 'Agent a1 killed successfully', pending: [] });
      expect(body).not.toHaveProperty('errors');
      expect(body).not.toHaveProperty('incomplete');
    }
  });

  it('tells what the host says, also where that is bad', () => {
    const waiting = agent('a1', [layer('pending')], { host: 'h2' });
    const refused = agent('a1', [layer('refused', { detail: 'no label' })], { host: 'h2' });
    expect(kill({ a: open(waiting), b: open(refused) })).toMatchObject({
      status: 202,
      body: { verified: false, outcomes: [layer('refused')], errors: ['a1: container refused: no label'] },
    });
  });

  it.each([
    ['records of two stores', { operationId: 'op-2', host: 'h1' }, { host: 'h1' }],
    ['a record that names no host, which each one looks for', {}, {}],
    ['two hosts', { host: 'h2' }, { host: 'h1' }],
  ])('counts the least settled of %s', (_name, one, other) => {
    const failed = agent('a1', [layer('failed', { detail: 'engine' })], one);
    const gone = agent('a1', [layer('alreadyGone')], other);
    for (const answers of [
      { a: open(failed), b: killed(gone) },
      { a: killed(gone), b: open(failed) },
    ]) {
      expect(kill(answers)).toMatchObject({
        status: 202,
        body: {
          verified: false,
          message: 'Agent a1 is not confirmed dead',
          outcomes: [layer('failed', { detail: 'engine' })],
          pending: ['container'],
          errors: ['a1: container failed: engine'],
        },
      });
    }
  });

  it('rather tells what was seen than that there was nothing to see', () => {
    const nothing = agent('a1', [layer('alreadyGone'), { layer: 'process', outcome: 'skipped' }]);
    const { status, body } = kill({ a: killed(nothing), b: removed });
    expect(status).toBe(200);
    expect(body.outcomes).toEqual([layer('removed'), { layer: 'process', outcome: 'skipped' }]);
  });

  it('does not rely on an outcome that it has never heard of', () => {
    const strange = { ...layer('removed'), outcome: 'vaporised' as 'removed' };
    for (const host of ['h1', undefined]) {
      const more = host ? { host } : {};
      const [one, other] = [agent('a1', [strange], more), agent('a1', [layer('pending')], more)];
      expect(kill({ a: killed(one), b: open(other) })).toMatchObject({
        status: 202,
        body: { verified: false },
      });
      expect(kill({ a: open(one), b: open(one) })).toMatchObject({ status: 202, body: { verified: false } });
    }
  });

  it('keeps that an agent could not be marked killed, unless that was said of the same record', () => {
    const error = { code: 'conflict', detail: 'The record kept changing' };
    const marred = agent('a1', [layer('removed')], { error, host: 'h1', verified: false });
    const clean = agent('a1', [layer('removed')], { host: 'h1' });
    const elsewhere = { ...clean, operationId: 'op-2' };
    expect(kill({ a: open(marred), b: killed(elsewhere) })).toMatchObject({
      status: 202,
      body: { verified: false, error, errors: ['a1: The record kept changing'] },
    });
    expect(kill({ a: open(marred), b: killed(clean) }).body).not.toHaveProperty('error');
    expect(kill({ a: open(marred), b: open(marred) }).body).toMatchObject({ verified: false, error });
  });

  it.each<[string, ApiResponse | undefined, string]>([
    ['does not answer', silent, 'origin b did not answer'],
    ['fails', problem('internal'), 'origin b did not answer: status 500, and not as a killswitch does'],
    ['is a proxy', page, 'origin b did not answer: status 200, and not as a killswitch does'],
    ['knows no such path', { status: 404, body: 'no' }, 'origin b did not answer: status 404, and not as'],
    ['sends elsewhere', { status: 302, body: undefined }, 'origin b did not answer: status 302, and not as'],
    [
      'does not trust the gateway',
      problem('unauthenticated'),
      "origin b does not take the gateway's token: see KILLSWITCH_JWKS and KILLSWITCH_PUBLIC_URL there",
    ],
    ['says no', problem('forbidden', 'It is narrowed'), 'origin b: It is narrowed'],
    [
      'says no in few words',
      { status: 409, body: { title: 'No', status: 409, code: 'conflict' } },
      'origin b: No',
    ],
  ])('names an origin that %s, and is neither done nor verified', (_name, answer, sentence) => {
    const { status, body } = kill({ a: removed, b: answer });
    expect(status).toBe(202);
    expect(body).toMatchObject({ verified: false, incomplete: true, agentId: 'a1' });
    expect(body.errors).toEqual([expect.stringContaining(sentence)]);
    expect(body.message).toMatch(/^Agent a1 killed successfully; origin b/);
  });

  it('is a refusal where all refuse, in the words of the one that knows the most', () => {
    const completed = problem('invalid_state', 'Agent a1 is completed');
    const changed = problem('container_changed', 'Another one');
    expect(kill({ a: unknown, b: unknown })).toMatchObject({ status: 404, body: { requestId: 'r1' } });
    expect(kill({ a: unknown, b: completed })).toMatchObject({
      status: 400,
      body: { code: 'invalid_state' },
    });
    expect(kill({ a: completed, b: unknown, c: changed })).toMatchObject({ status: 409 });
  });

  it('is no refusal while one is silent: it may run there', () => {
    expect(kill({ a: silent })).toEqual(unavailable('origin a did not answer'));
    expect(kill({ a: unknown, b: silent })).toEqual(
      unavailable('origin b did not answer; origin a: Unknown agent a1'),
    );
  });

  it('passes on what an origin says of itself', () => {
    const told = { operationId: 'op-1', message: 'The store has not answered', verified: false };
    const degraded: ApiResponse = { status: 202, body: { ...told, degraded: true, incomplete: true } };
    expect(kill({ a: degraded })).toMatchObject({
      status: 202,
      body: { ...told, degraded: true, incomplete: true },
    });
    expect(kill({ a: degraded, b: removed })).toMatchObject({
      status: 202,
      body: { agentId: 'a1', verified: false, degraded: true, incomplete: true },
    });
    const preview = killed(agent('a1', []), { dryRun: true, verified: false });
    expect(kill({ a: preview, b: unknown })).toMatchObject({
      status: 200,
      body: { dryRun: true, verified: false },
    });
  });

  it('does not take one agent for another', () => {
    expect(kill({ a: removed, b: killed(agent('a2')) })).toMatchObject({
      status: 202,
      body: { verified: false },
    });
  });
});

describe('a kill-all at several origins', () => {
  it('adds up what is apart', () => {
    const b = summary([agent('b1', undefined, { operationId: 'op-2' })], { operationId: 'op-2' });
    const { status, body } = killAll({ a: summary([agent('a1'), agent('a2')]), b });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      operationId: 'op-1',
      message: '3 of 3 agents killed',
      verified: true,
      total: 3,
      killed: 3,
      failed: 0,
      origins: [
        { name: 'a', status: 200, operationId: 'op-1' },
        { name: 'b', status: 200, operationId: 'op-2' },
      ],
    });
    expect(body.agents.map((one: { agentId: string }) => one.agentId)).toEqual(['a1', 'a2', 'b1']);
    expect(body).not.toHaveProperty('errors');
  });

  it('counts an agent of a shared store once, with the word of its host', () => {
    const waiting = agent('a1', [layer('pending', { detail: 'host h2 has not answered' })], { host: 'h2' });
    const at = (host: string) => agent('a2', [layer('removed')], { host });
    const errors = ['a1: container pending: host h2 has not answered', 'something else'];
    const { status, body } = killAll({
      a: summary([waiting, at('h1')], { killed: 1, failed: 1, pending: 1, errors }, 202),
      b: summary([agent('a1', [layer('removed')], { host: 'h2' })]),
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      message: '2 of 2 agents killed',
      verified: true,
      total: 2,
      killed: 2,
      failed: 0,
      pending: 0,
      errors: ['something else'],
    });
  });

  it('keeps what is open at one of them', () => {
    const failed = agent('b1', [layer('failed', { detail: 'engine' })]);
    const errors = ['b1: container failed: engine'];
    expect(
      killAll({
        a: summary([agent('a1')]),
        b: summary([failed], { killed: 0, failed: 1, pending: 1, errors }, 202),
      }),
    ).toMatchObject({
      status: 202,
      body: { verified: false, total: 2, killed: 1, failed: 1, pending: 1, errors },
    });
  });

  it('names an origin that does not answer: incomplete, not verified, 202', () => {
    expect(killAll({ a: summary([agent('a1')]), b: silent })).toMatchObject({
      status: 202,
      body: {
        message: '1 of 1 agent killed, not every agent was reached; origin b did not answer',
        verified: false,
        incomplete: true,
        errors: ['origin b did not answer'],
        origins: [{ name: 'a', status: 200, operationId: 'op-1' }, { name: 'b' }],
      },
    });
    expect(killAll({ a: silent, b: silent }).status).toBe(503);
    expect(killAll({ a: problem('forbidden'), b: problem('forbidden') }).status).toBe(403);
  });

  it('is not verified beyond the agents told by name unless the origin says so', () => {
    const named = Array.from({ length: 1_000 }, (_, index) => agent(`a${index}`));
    const many = { total: 1_500, killed: 1_500 };
    expect(killAll({ a: summary(named, many) }).body.verified).toBe(true);
    expect(killAll({ a: summary(named, { ...many, verified: false }) }).body.verified).toBe(false);
  });

  it('keeps a 202 that it cannot explain', () => {
    expect(killAll({ a: summary([agent('a1')], {}, 202) })).toMatchObject({
      status: 202,
      body: { verified: false },
    });
  });

  it('tells a thousand agents by name and counts the rest', () => {
    const many = (name: string) => Array.from({ length: 1_000 }, (_, index) => agent(`${name}${index}`));
    const errors = Array.from({ length: 600 }, (_, index) => `e${index}`);
    const more = Array.from({ length: 600 }, (_, index) => `f${index}`);
    const { body } = killAll({ a: summary(many('a'), { errors }), b: summary(many('b'), { errors: more }) });
    expect(body).toMatchObject({ total: 2_000, killed: 2_000 });
    expect(body.agents).toHaveLength(1_000);
    expect(body.errors).toHaveLength(1_000);
  });

  it('is a dry run, or degraded, where one says so', () => {
    const preview = { dryRun: true, verified: false, killed: 0 };
    const both = { a: summary([agent('a1', [])], preview), b: summary([agent('a1', [])], preview) };
    expect(killAll(both)).toMatchObject({
      status: 200,
      body: {
        message: 'Dry run: 1 agent would be marked killed and stopped; what runs of them was not looked at',
        dryRun: true,
        verified: false,
        total: 1,
        failed: 0,
      },
    });
    const degraded = { degraded: true, verified: false };
    expect(killAll({ a: summary([agent('a1')], degraded, 202), b: summary([agent('b1')]) })).toMatchObject({
      status: 202,
      body: {
        message: expect.stringMatching(/^2 of 2 agents seen dead so far/),
        degraded: true,
        verified: false,
      },
    });
  });

  it('needs no word on refusals from an older origin, and never counts below nothing', () => {
    const { refused: _, ...older } = summary([]).body as Record<string, unknown>;
    expect(killAll({ a: { status: 200, body: older } })).toMatchObject({
      status: 200,
      body: { message: 'No active agents to kill', total: 0, refused: 0, verified: false },
    });
  });
});

describe('the latch at several origins', () => {
  const hold = { since: '2026-11-22T10:00:00.000Z', by: 'alice', selector: {} };
  const engaged = { status: 200, body: { engaged: true, ...hold } };
  const released = { status: 200, body: { engaged: false } };

  it('is what they all say', () => {
    for (const method of ['GET', 'POST'] as const) {
      expect(latch[method]({ a: engaged, b: engaged })).toEqual({
        status: 200,
        body: {
          engaged: true,
          ...hold,
          origins: [
            { name: 'a', status: 200, engaged: true },
            { name: 'b', status: 200, engaged: true },
          ],
        },
      });
    }
    for (const method of ['GET', 'DELETE'] as const) {
      expect(latch[method]({ a: released, b: released })).toMatchObject({
        status: 200,
        body: { engaged: false },
      });
    }
  });

  it('is seen engaged where one says so, and the others are named', () => {
    expect(latch.GET({ a: released, b: engaged, c: silent })).toMatchObject({
      status: 202,
      body: {
        engaged: true,
        by: 'alice',
        errors: ['origin c did not answer', 'origin a: the emergency stop is not engaged'],
      },
    });
  });

  it('is not engaged by an order that did not reach all', () => {
    expect(latch.POST({ a: engaged, b: silent })).toMatchObject({
      status: 202,
      body: { engaged: false, by: 'alice', errors: ['origin b did not answer'] },
    });
    expect(latch.POST({ a: engaged, b: released })).toMatchObject({
      status: 202,
      body: { engaged: false, errors: ['origin b: the emergency stop is not engaged'] },
    });
  });

  it('is not released by a reset that did not reach all', () => {
    expect(latch.DELETE({ a: released, b: silent })).toMatchObject({ status: 202, body: { engaged: true } });
    expect(latch.DELETE({ a: released, b: problem('conflict', 'It kept changing') })).toMatchObject({
      status: 202,
      body: { engaged: true, errors: ['origin b: It kept changing'] },
    });
    expect(latch.DELETE({ a: released, b: engaged })).toMatchObject({
      status: 202,
      body: { engaged: true, errors: ['origin b: the emergency stop is still engaged'] },
    });
  });

  it('tells all holds of all of them, each once', () => {
    const other = { ...hold, by: 'bob' };
    const several = { status: 200, body: { engaged: true, ...hold, holds: [hold, other] } };
    expect(latch.GET({ a: engaged, b: several }).body.holds).toEqual([hold, other]);
  });

  it('answers with a problem where none did it', () => {
    expect(latch.DELETE({ a: problem('forbidden'), b: problem('forbidden') }).status).toBe(403);
    expect(latch.GET({ a: silent }).status).toBe(503);
  });
});

describe('a look at several origins', () => {
  const running = { status: 200, body: { operationId: 'o1', state: 'running' } };
  const told = (state: string, receipt?: object) => ({
    status: 200,
    body: { operationId: 'o1', state, ...(receipt && { receipt }) },
  });
  const proven = summary([agent('a1')]).body as object;
  const unproven = { ...proven, verified: false };
  const seen = told('running', unproven);
  const ended = told('ended', proven);
  const strange = problem('operation_not_found');

  it.each([
    ['ended', { a: strange, b: ended, c: silent }, ended.body],
    ['with a receipt', { a: strange, b: running, c: seen }, seen.body],
    ['to run still, whatever another one says', { a: ended, b: running }, running.body],
    [
      'not to be proven, whatever another one says',
      { a: ended, b: told('ended', unproven) },
      {
        ...told('ended', unproven).body,
      },
    ],
    ['with a receipt that adds up', { a: told('ended', { ...proven, total: 7 }), b: running }, running.body],
    ['at all', { a: silent, b: running, c: strange }, running.body],
  ])('finds an operation where it is known %s', (_name, answers, body) => {
    expect(get('/operations/o1', answers)).toEqual({ status: 200, body });
  });

  it('does not take a receipt that cannot be read for one', () => {
    expect(get('/operations/o1', { a: told('ended', { total: 1 }) })).toMatchObject({
      status: 503,
      body: { detail: 'origin a gave an answer that does not add up: its receipt cannot be read' },
    });
  });

  it('finds an agent where it runs, whatever another one says', () => {
    const at = (status: string): ApiResponse => ({ status: 200, body: { agentId: 'a1', status } });
    expect(get('/agents/a1', { a: at('killed'), b: at('running') }).body.status).toBe('running');
    expect(get('/agents/a1', { a: at('killed'), b: at('completed') }).body.status).toBe('killed');
  });

  it('does not say that there is none while one is silent', () => {
    expect(get('/operations/o1', { a: strange, b: strange }).status).toBe(404);
    expect(get('/operations/o1', { a: strange, b: silent }).status).toBe(503);
    expect(get('/agents/a1', { a: unknown, b: silent }).status).toBe(503);
  });

  it('finds an agent where it is known', () => {
    const body = { agentId: 'a1', status: 'running' };
    expect(get('/agents/a1', { a: unknown, b: { status: 200, body } })).toEqual({ status: 200, body });
  });

  const list = (ids: readonly string[], more: object = {}): ApiResponse => ({
    status: 200,
    body: { agents: ids.map(agentId => ({ agentId, status: 'running' })), ...more },
  });
  const idsOf = ({ body }: { body: { agents: { agentId: string }[] } }) =>
    body.agents.map(one => one.agentId);

  it('lists the agents of all by ID, those of a shared store once', () => {
    const merged = get('/agents', { a: list(['a1', 'c1']), b: list(['b1', 'c1']) });
    expect(merged).toMatchObject({ status: 200 });
    expect(idsOf(merged)).toEqual(['a1', 'b1', 'c1']);
    expect(merged.body).not.toHaveProperty('cursor');
    expect(merged.body).not.toHaveProperty('errors');
  });

  it('tells both records of an ID that two stores know otherwise', () => {
    const other = { status: 200, body: { agents: [{ agentId: 'a1', status: 'killed' }] } };
    expect(idsOf(get('/agents', { a: list(['a1']), b: other }))).toEqual(['a1', 'a1']);
    const page = get('/agents?limit=1', { a: list(['a1', 'b1']), b: other });
    expect(idsOf(page)).toEqual(['a1', 'a1']);
    expect(page.body.cursor).toBe('a1');
  });

  it('goes on page by page', () => {
    const merged = get('/agents?limit=2', { a: list(['a1', 'a3'], { cursor: 'a3' }), b: list(['a2', 'a4']) });
    expect(idsOf(merged)).toEqual(['a1', 'a2']);
    expect(merged.body.cursor).toBe('a2');
    const exact = get('/agents?limit=2', { a: list(['a1', 'a3'], { cursor: 'a3' }), b: list([]) });
    expect(exact.body.cursor).toBe('a3');
  });

  it('tells no more than up to where each origin has looked, be its page short or empty', () => {
    const short = get('/agents?limit=3', { a: list(['a1'], { cursor: 'a5' }), b: list(['a2', 'a6', 'a7']) });
    expect(idsOf(short)).toEqual(['a1', 'a2']);
    expect(short.body.cursor).toBe('a5');
    const empty = get('/agents', { a: list([], { cursor: 'a5' }), b: list(['b1'], { cursor: 'b1' }) });
    expect(idsOf(empty)).toEqual([]);
    expect(empty.body.cursor).toBe('a5');
  });

  it.each(['x', '0', '1.5'])('leaves a limit of %s to the origins', limit => {
    expect(idsOf(get(`/agents?limit=${limit}`, { a: list(['a1']) }))).toEqual(['a1']);
  });

  it('names whom it could not ask for agents', () => {
    const merged = get('/agents', { a: list(['a1']), b: silent });
    expect(merged).toMatchObject({ status: 202, body: { errors: ['origin b did not answer'] } });
    expect(get('/agents', { a: silent }).status).toBe(503);
  });
});

it('has no word for an order that is none of the contract', () => {
  const answers = [{ origin: 'a', answer: removed }];
  expect(mergeAnswers({ method: 'DELETE', path: '/agents/a1' }, answers, 'r1')).toMatchObject({
    status: 404,
  });
});
