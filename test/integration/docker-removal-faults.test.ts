import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { placeOf } from '../../lib/domain/debt.js';
import {
  container,
  fakeEngine,
  inTurn,
  json,
  nothing,
  status,
  target,
  unrecorded,
  within,
} from '../fakes/docker-engine.js';

describe('A removal', () => {
  test('answered 404 is done', async () => {
    const { docker } = await fakeEngine({ remove: status(404) });
    expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
  });

  test('that is in progress already is awaited', async () => {
    const { docker, calls } = await fakeEngine({
      remove: status(409),
      list: inTurn(json([container('removing')]), json([])),
    });
    expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
    expect(calls).toEqual(['list', 'remove', 'wait', 'list']);
  });

  test.each([409, 500])('answered %i has failed if something is left', async code => {
    const { docker } = await fakeEngine({ remove: status(code), list: json([container('dead')]) });
    expect(await docker.remove(target, within())).toEqual({
      ...placeOf('docker', target.id),
      outcome: 'failed',
      detail: 'the engine could not remove the container',
    });
  });

  test('that stalls is pending, and is asked for once however often it is retried', async () => {
    const { docker, calls } = await fakeEngine({ remove: nothing, list: json([container('exited')]) });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await docker.remove(target, AbortSignal.timeout(100))).toMatchObject({
        outcome: 'pending',
        detail: 'the container was not seen to be removed yet',
      });
    }
    expect(calls.filter(call => call === 'remove')).toHaveLength(1);
  });

  test('takes its turn in a small pool', async () => {
    const ids = Array.from({ length: 6 }, (_, index) => String(index).repeat(64));
    const held: ServerResponse[] = [];
    const list = json(ids.map(Id => ({ ...container('exited'), Id })));
    const { docker } = await fakeEngine(
      { list, remove: response => void held.push(response) },
      { removalConcurrency: 4 },
    );
    const removed = docker.remove(unrecorded, within());
    await vi.waitFor(() => expect(held).toHaveLength(4));
    for (let answered = 0; answered < ids.length; answered += 1) {
      await vi.waitFor(() => expect(held.length).toBeGreaterThan(answered));
      held[answered]?.writeHead(204).end();
      expect(held.length - answered).toBeLessThanOrEqual(4);
    }
    expect(await removed).toMatchObject({ outcome: 'removed' });
  });
});
