import { describe, expect, test } from 'vitest';
import {
  type Answer,
  container,
  fakeEngine,
  inTurn,
  json,
  nothing,
  sightless,
  status,
  target,
  unanswered,
  unhurried,
  unusable,
} from '../fakes/docker-engine.js';

describe('A kill', () => {
  test.each([404, 409])('answered %i is as good as the state that is left', async code => {
    const { docker } = await fakeEngine({ kill: status(code), wait: status(404) });
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
  });

  test('answered 500 is dead if the container is seen down after all', async () => {
    const { docker, calls } = await fakeEngine({
      kill: status(500),
      list: inTurn(json([container('running')]), json([container('exited')])),
    });
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    expect(calls).toEqual(['list', 'SIGKILL', 'wait', 'list']);
  });

  test('answered 500 has failed if the container still runs', async () => {
    const { docker } = await fakeEngine({ kill: status(500), wait: nothing });
    expect(await docker.kill(target, unhurried())).toMatchObject({
      outcome: 'failed',
      detail: 'the engine could not kill the container',
    });
  });

  test('not answered is pending if the container still runs', async () => {
    const { docker } = await fakeEngine({ kill: nothing });
    expect(await docker.kill(target, unhurried())).toMatchObject(unanswered);
  });

  test('not answered is dead if the container is seen down', async () => {
    const { docker } = await fakeEngine({
      kill: nothing,
      list: inTurn(json([container('running')]), json([])),
    });
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
  });

  test('answered with success is pending until the container is seen to stop', async () => {
    const { docker } = await fakeEngine({ wait: nothing });
    expect(await docker.kill(target, unhurried())).toMatchObject({
      outcome: 'pending',
      detail: 'the container was not seen to stop yet',
    });
  });

  test.each<[string, Answer]>([
    ['garbage', json('stopped')],
    ['a 500', status(500)],
  ])('is not taken for seen when the wait answers %s', async (_, wait) => {
    const { docker } = await fakeEngine({ wait });
    expect(await docker.kill(target, unhurried())).toMatchObject(unusable);
  });

  test('of a state that is not known takes nothing for granted', async () => {
    const { docker, calls } = await fakeEngine({ list: json([container('stopping')]) });
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    expect(calls).toEqual(['list', 'SIGKILL', 'wait']);
  });

  test('thaws what was paused, after the SIGKILL and without a SIGTERM', async () => {
    const { docker, calls } = await fakeEngine({ list: json([container('paused')]), unpause: status(500) });
    expect(await docker.kill(target, { ...unhurried(), graceMs: 50 })).toMatchObject({ outcome: 'dead' });
    expect(calls).toEqual(['list', 'SIGKILL', 'unpause', 'wait']);
  });

  test('ends with SIGKILL also when SIGTERM did it, for a restart policy outlives that', async () => {
    const { docker, calls } = await fakeEngine({});
    expect(await docker.kill(target, { ...unhurried(), graceMs: 10_000.5 })).toMatchObject({
      outcome: 'dead',
    });
    expect(calls).toEqual(['list', 'SIGTERM', 'wait', 'SIGKILL', 'wait']);
  });

  test('grants no grace to an engine that cannot deliver the SIGTERM', async () => {
    const { docker, calls } = await fakeEngine({ kill: inTurn(status(500), json('')) });
    expect(await docker.kill(target, { ...unhurried(), graceMs: 60_000 })).toMatchObject({ outcome: 'dead' });
    expect(calls).toEqual(['list', 'SIGTERM', 'SIGKILL', 'wait']);
  });
});

describe('The containers of one agent', () => {
  const second = { ...container('running'), Id: 'd'.repeat(64) };

  test('have the outcome of the worst among them', async () => {
    const kill: Answer = (response, request) =>
      (request.url?.includes(second.Id) ? nothing : status(409))(response, request);
    const list: Answer = json([container('running'), second]);
    const { docker } = await fakeEngine({ list, kill });
    expect(await docker.kill(target, unhurried())).toMatchObject(unanswered);
  });

  test('are killed before it is known what the record points at', async () => {
    const { docker, calls } = await fakeEngine({ list: inTurn(json([second]), nothing) });
    expect(await docker.kill(target, unhurried())).toMatchObject(sightless(unanswered));
    expect(calls).toContain('SIGKILL');
  });

  test('that still run keep a refusal from being the last word', async () => {
    const list = inTurn(json([second]), json([container('running', null)]), json([second]));
    const { docker } = await fakeEngine({ list, kill: nothing });
    expect(await docker.kill(target, unhurried())).toMatchObject(unanswered);
  });
});
