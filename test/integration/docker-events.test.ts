import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DockerOptions } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { Sighting } from '../../lib/ports/scanner.js';
import {
  type Answer,
  container,
  event,
  fakeEngine,
  inTurn,
  json,
  nothing,
  type Routes,
  sightless,
  status,
  stream,
  target,
  unanswered,
  unhurried,
  within,
} from '../fakes/docker-engine.js';
import { fakeKernel } from '../fakes/kernel.js';
import { fakeLog } from '../fakes/log.js';

const id = target.id ?? '';
const seen = { agentId: 'a1', kind: 'docker', id };

/** The stream of events, written to by hand. */
function openStream() {
  const open: ServerResponse[] = [];
  const events: Answer = (response, request) => {
    open.push(response);
    stream()(response, request);
  };
  const tell = (...lines: string[]): void => void open.at(-1)?.write(lines.join(''));
  return { events, tell, open };
}

/** An engine whose one container runs in a cgroup in memory, and the adapter that follows it. */
async function followed(routes: Routes = {}, options: Partial<DockerOptions> = {}) {
  const kernel = fakeKernel();
  const cgroup = kernel.spawn(id);
  const { events, tell, open } = openStream();
  const inspected = {
    State: { Pid: cgroup.pid, StartedAt: '2026-11-22T10:00:00.5Z' },
    HostConfig: { RestartPolicy: { Name: 'no' } },
  };
  const { docker, calls } = await fakeEngine(
    { events, fill: json([container('running')]), inspect: json(inspected), ...routes },
    { kernel, ...options },
  );
  const told: Sighting[] = [];
  onTestFinished(docker.watch(sighting => void told.push(sighting)));
  const untilDetail = (text: string) =>
    vi.waitFor(async () => {
      expect((await docker.probe()).detail).toContain(text);
      calls.length = 0;
    });
  return { docker, calls, kernel, cgroup, tell, open, told, inspected, untilDetail };
}

const REACHED = 'event stream live; kernel path reaches 1 of 1';

describe('The event stream', () => {
  test('is read past what is no event, in whatever pieces it comes', async () => {
    const { tell, told, open, untilDetail } = await followed({ fill: json([]) });
    await untilDetail('live');
    const line = event('start');
    tell(
      '\n{"half": \n[]\nnull\n{"Action":"start"}\n',
      event('start', { id: 'c'.repeat(63) }),
      line.slice(0, 50),
    );
    await new Promise(resolve => open[0]?.write(line.slice(50), resolve));
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told).toEqual([{ ...seen, startedAt: expect.any(Number) }]);
  });

  test('reports starts alone', async () => {
    const { tell, told, untilDetail } = await followed({ fill: json([]) });
    await untilDetail('live');
    tell(
      ...['create', 'start', 'pause', 'unpause', 'die', 'update', 'restart', 'destroy'].map(one =>
        event(one),
      ),
    );
    tell(event('start', { id: 'd'.repeat(64), agentId: 'a2' }));
    await vi.waitFor(() => expect(told.at(-1)?.agentId).toBe('a2'));
    expect(told).toHaveLength(4);
  });

  test.each<[string, Answer]>([
    ['is refused', status(403)],
    ['never begins', nothing],
    ['ends at once', response => void response.end()],
    ['breaks off at once', response => void response.destroy()],
  ])('that %s leaves the lists, and the engine alone to say who is dead', async (_, events) => {
    const log = fakeLog();
    const { docker, calls, told, untilDetail } = await followed({ events }, { log });
    await untilDetail('kernel path reaches 1 of 1');
    expect(told).toContainEqual(seen);
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    expect(calls).toEqual(['list', 'SIGKILL', 'wait']);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('is asked for again from the last event on', async () => {
    const asked: string[] = [];
    const at = Math.ceil(Date.now() / 1000) * 1000 + 5_000;
    const events: Answer = (response, request) => {
      asked.push(new URL(request.url ?? '', 'http://docker').searchParams.get('since') ?? '');
      stream(event('start', { at }))(response, request);
      responses.push(response);
    };
    const responses: ServerResponse[] = [];
    const before = Date.now() / 1000;
    const { told, untilDetail } = await followed({ events, fill: json([]) });
    await vi.waitFor(() => expect(told).toHaveLength(1), 20_000);
    responses[0]?.destroy();
    await vi.waitFor(() => expect(asked).toHaveLength(2), 20_000);
    expect(Number(asked[0])).toBeGreaterThanOrEqual(before);
    expect(Number(asked[0])).toBeLessThan(at / 1000);
    expect(asked[1]).toBe((at / 1000).toFixed(3));
    await untilDetail('live');
  });
});

describe('The map', () => {
  test('is filled anew with every stream, for the engine may have lost what happened in between', async () => {
    const events: Answer = (response, request) => {
      stream()(response, request);
      asked.push(response);
    };
    const asked: ServerResponse[] = [];
    const fill = inTurn(json([]), json([container('running')]));
    const { told, untilDetail } = await followed({ events, fill });
    await untilDetail('live');
    expect(told).toEqual([]);
    asked[0]?.destroy();
    await vi.waitFor(() => expect(told).toEqual([seen]), 20_000);
  });

  test('forgets what was removed, also if a list that was under way still has it', async () => {
    const held: ServerResponse[] = [];
    const fill = inTurn(json([container('running')]), response => void held.push(response));
    const { docker, kernel, told, untilDetail } = await followed({ fill });
    await untilDetail(REACHED);
    const sightings = docker.scan();
    await vi.waitFor(() => expect(held).toHaveLength(1));
    await docker.remove(target, within());
    json([container('running')])(held[0] as ServerResponse, undefined as never);
    expect((await sightings).seen).toEqual([]);
    expect(kernel.look(id)).toBe('unknown');
    expect(told).toHaveLength(1);
  });

  test('keeps what an event reported while a list without it was under way', async () => {
    const held: ServerResponse[] = [];
    const fill = inTurn(json([]), response => void held.push(response));
    const { docker, tell, told, untilDetail } = await followed({ fill });
    await untilDetail('live');
    const sightings = docker.scan();
    await vi.waitFor(() => expect(held).toHaveLength(1));
    tell(event('start'));
    await vi.waitFor(() => expect(told).toHaveLength(1));
    json([])(held[0] as ServerResponse, undefined as never);
    expect((await sightings).seen).toMatchObject([seen]);
  });

  test('does not take for started what a list still has as running after its end', async () => {
    const { docker, cgroup, tell, told, untilDetail } = await followed();
    await untilDetail(REACHED);
    cgroup.end();
    tell(event('die'));
    await untilDetail('reaches 0 of 0');
    expect((await docker.scan()).seen).toEqual([]);
    expect(told).toHaveLength(1);
  });

  test('knows since when a container runs', async () => {
    const { docker, untilDetail } = await followed();
    await untilDetail(REACHED);
    expect((await docker.scan()).seen).toEqual([
      { ...seen, startedAt: Date.UTC(2026, 10, 22, 10, 0, 0, 500) },
    ]);
  });

  test('is what is left when the engine does not answer, but for what the kernel sees empty', async () => {
    const fill = inTurn(json([container('running')]), nothing);
    const { docker, cgroup, untilDetail } = await followed({ fill });
    await untilDetail(REACHED);
    expect(await docker.scan()).toMatchObject({ seen: [seen], blind: 'the engine does not answer' });
    cgroup.end();
    expect((await docker.scan()).seen).toEqual([]);
  });
});

describe('A kill by the kernel', () => {
  test('asks the engine for nothing', async () => {
    const { docker, calls, cgroup, untilDetail } = await followed();
    await untilDetail(REACHED);
    expect(await docker.kill(target, unhurried())).toEqual({
      ...placeOf('docker', target.id),
      outcome: 'dead',
      needsRemoval: true,
    });
    expect(cgroup.isRunning()).toBe(false);
    expect(calls).toEqual([]);
    expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
    expect(calls).toEqual(['remove']);
  });

  test('has the engine forget a restart policy, also one that was set later', async () => {
    const inspect = inTurn(
      json({ State: { Pid: 200_001, StartedAt: '' }, HostConfig: { RestartPolicy: { Name: 'no' } } }),
      json({ State: { Pid: 200_001, StartedAt: '' }, HostConfig: { RestartPolicy: { Name: 'always' } } }),
    );
    const { docker, calls, tell, untilDetail } = await followed({ inspect });
    await untilDetail(REACHED);
    tell(event('update'));
    await vi.waitFor(() => expect(calls).toEqual(['inspect']));
    await untilDetail(REACHED);
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    await vi.waitFor(() => expect(calls).toEqual(['SIGKILL']));
  });

  test.each([
    ['that cannot be used', 'unusable'],
    ['that fails', 'throws'],
    ['that is survived', 'survives'],
  ] as const)('%s leaves it to the engine', async (_, fault) => {
    const { docker, calls, kernel, untilDetail } = await followed({ wait: json({ StatusCode: 137 }) });
    await untilDetail(REACHED);
    kernel.fault = fault;
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    expect(calls).toEqual(['list', 'SIGKILL', 'wait']);
  });

  test('that is survived does not hide that the engine failed as well', async () => {
    const { docker, kernel, untilDetail } = await followed({ kill: status(500), wait: nothing });
    await untilDetail(REACHED);
    kernel.fault = 'survives';
    expect(await docker.kill(target, unhurried())).toMatchObject({
      outcome: 'failed',
      detail: 'the engine could not kill the container',
    });
  });

  test('that was not possible is not waited for when the engine does not answer', async () => {
    const { docker, kernel, untilDetail } = await followed({ list: nothing }, { killDeadlineMs: 60_000 });
    await vi.waitFor(async () => expect((await docker.scan()).seen).toHaveLength(1));
    await untilDetail(REACHED);
    kernel.fault = 'unusable';
    const bounds = { graceMs: 0, deadline: AbortSignal.timeout(5_000) };
    expect(await docker.kill(target, bounds)).toMatchObject(sightless(unanswered));
  });

  test('is made possible on the way, if the container was not known yet', async () => {
    const { docker, calls, cgroup } = await followed({
      fill: status(500),
      events: status(500),
      kill: nothing,
    });
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    expect(cgroup.isRunning()).toBe(false);
    expect(calls.slice(0, 3)).toEqual(['list', 'inspect', 'SIGKILL']);
  });

  test('is not held up by a container that cannot be inspected', async () => {
    const { docker, calls } = await followed(
      { fill: status(500), events: status(500), inspect: nothing },
      { callDeadlineMs: 60_000 },
    );
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
    expect(calls).toEqual(['list', 'inspect', 'SIGKILL', 'wait']);
  });

  test('comes before any removal', async () => {
    const other = { ...container('exited', { 'killswitch.agent-id': 'a2' }), Id: 'd'.repeat(64) };
    const { docker, calls, kernel, cgroup, untilDetail } = await followed({ list: json([other]) });
    await untilDetail(REACHED);
    kernel.fault = 'survives';
    const killed = docker.kill(target, unhurried());
    const removed = docker.remove({ agentId: 'a2', operationId: 'op' }, within());
    // Time for more than a removal would take.
    for (let asked = 0; asked < 5; asked += 1) await docker.probe();
    expect(calls).not.toContain('remove');
    cgroup.end();
    expect(await killed).toMatchObject({ outcome: 'dead' });
    expect(await removed).toMatchObject({ outcome: 'removed' });
    expect(calls).not.toContain('SIGKILL');
  });
});

test('a closed adapter does not miss its event stream', async () => {
  const log = fakeLog();
  const { docker, open, untilDetail } = await followed({}, { log });
  await untilDetail('live');
  await docker.close();
  await vi.waitFor(() => expect(open[0]?.destroyed).toBe(true));
  expect(log.lines).toEqual([]);
});
